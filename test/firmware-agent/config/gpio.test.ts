/** GPIO lines in agent.toml: nothing about the wiring is guessed, and a line has one use. */
import { readFileSync } from 'node:fs';
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import type { Problem } from '../../../protocol/toml.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('gpio in agent.toml');
const EXAMPLE = readFileSync('firmware-agent/config/agent.example.toml', 'utf8');

function problemsWith(from: string, to: string, text = EXAMPLE): Problem[] {
  assert.ok(text.includes(from), from);
  const parsed = parseAgentConfig(text.replace(from, to), 'agent.toml');
  return parsed.ok ? [] : parsed.problems;
}

test('a line is opened as the file says', () => {
  const parsed = parseAgentConfig(EXAMPLE, 'agent.toml');
  const phobos = parsed.ok
    ? parsed.config.devices.find(({ name }) => name === 'phobos')
    : undefined;
  assert.equal(phobos?.outlets, [
    {
      driver: 'gpio',
      same: 'line GPIO17 of pinctrl-bcm2711',
      isLine: true,
      chip: 'pinctrl-bcm2711',
      line: 'GPIO17',
      active: 'high',
      bias: 'pull-down',
      contact: 'normally-closed',
    },
  ]);
  assert.is(phobos?.pulses[0]?.driver === 'gpio' && phobos.pulses[0].lengthMs, 300);
});

test('neither the level that energises nor the kind of contact is guessed', () => {
  for (const key of ['active', 'contact']) {
    const line = EXAMPLE.split('\n').find((text) => text.startsWith(`${key} = `)) ?? '';
    assert.match(problemsWith(line, '')[0]?.problem ?? '', 'the key is missing', key);
  }
});

test('a line that stands twice is refused, as another kind of device, too', () => {
  const twice = problemsWith('line = "GPIO22"', 'line = "GPIO17"');
  assert.match(twice[0]?.problem ?? '', 'gpio line GPIO17 of pinctrl-bcm2711');
});

test('a contact that opens when the board dies is warned about', () => {
  const parsed = parseAgentConfig(
    EXAMPLE.replace('"normally-closed"', '"normally-open"'),
    'agent.toml',
  );
  assert.match(parsed.ok ? (parsed.warnings[0]?.problem ?? '') : '', 'loses power with them');
});

test('a power button needs a sense that shows power, and an off-hold as long as its press', () => {
  const button = (more: string): Problem[] =>
    problemsWith(
      '[[hosts.phobos.senses]]',
      `[[hosts.phobos.outlets]]\ndriver = "power-button"\nname = "button"\nchip = "soc"\n` +
        `line = "GPIO27"\nactive = "high"\nlevel = 2\n${more}\n[[hosts.phobos.senses]]`,
      EXAMPLE.replace('covers = ["psu"]', 'covers = "host"'),
    );
  assert.equal(button('shown_by = "rail"\nhold = "5s"'), []);
  assert.match(button('shown_by = "led"\nhold = "5s"')[0]?.problem ?? '', 'no sense "led"');
  assert.match(button('shown_by = "rail"\nhold = "15s"')[0]?.problem ?? '', 'it may take 15');
  const soft = button('shown_by = "rail"\nsoft = "30s"')[0];
  assert.match(soft?.problem ?? '', 'it may take 36');
  assert.match(soft?.path ?? '', /soft$/);
  assert.match(button('shown_by = "rail"\npress = "3s"')[0]?.problem ?? '', 'cannot be that long');
});

test('what a GPIO line cannot do is refused', () => {
  const wrong: [string, string, RegExp | string][] = [
    ['debounce = "5ms"', 'shows_break = true', 'not known'],
    ['debounce = "5ms"', 'debounce = "2s"', 'cannot be that long'],
    ['length = "300ms"', 'length = "1m"', 'cannot be that long'],
    ['line = 3', 'line = 5000', 'names no line'],
    ['line = 3', 'line = 1.5', 'names no line'],
    ['bias = "pull-down"', 'bias = "up"', 'none of the words'],
  ];
  for (const [from, to, why] of wrong)
    assert.match(problemsWith(from, to)[0]?.problem ?? '', why, to);
});

test.run();
