/** `check --hardware` against chips in memory: it says what is there, and touches nothing. */
import { readFileSync } from 'node:fs';
import type { AgentConfig } from '../../firmware-agent/config/config.ts';
import { parseAgentConfig } from '../../firmware-agent/config/parse.ts';
import { type Release, releaseOf } from '../../firmware-agent/drivers/gpio/release.ts';
import { type Hardware, lookAtHardware } from '../../firmware-agent/hardware.ts';
import { assert, suite } from '../lib/suite.ts';
import { type FakeKernel, fakeChip, fakeKernel } from './drivers/gpio/fake-kernel.ts';

const test = suite('check --hardware');

const NAMES = Array.from({ length: 30 }, (_, i) => `GPIO${i}`);
const board = (): FakeKernel =>
  fakeKernel(
    fakeChip('pinctrl-bcm2711', NAMES),
    fakeChip('expander', ['', '', '', ''], '/dev/gpiochip1'),
  );

function configOf(change: (text: string) => string = (text) => text): AgentConfig {
  const text = readFileSync('firmware-agent/config/agent.example.toml', 'utf8');
  const parsed = parseAgentConfig(change(text), 'agent.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

function look(kernel: FakeKernel, config = configOf()): Hardware {
  const seen = lookAtHardware(config, kernel);
  assert.equal(kernel.deeds, [], 'nothing is requested');
  assert.is(kernel.openFds(), 0);
  return seen;
}

function hold(kernel: FakeKernel, offset: number, consumer: string): void {
  const pin = kernel.plugged[0]?.pins[offset];
  if (pin !== undefined) pin.consumer = consumer;
}

test('what is there and free is told with its place and the host it would be held for', () => {
  const { ok, lines } = look(board());
  assert.ok(ok);
  assert.is(
    lines[0],
    'phobos psu: line 17 "GPIO17" of pinctrl-bcm2711 (/dev/gpiochip0) is free, ' +
      'and would be held for phobos',
  );
  assert.match(lines[2] ?? '', 'phobos reset: line 3 of expander (/dev/gpiochip1) is free');
  assert.match(lines.join('\n'), /expander: what a line does when it is let go is unknown: try it/);
  assert.is(lines.at(-1), '5 devices of other drivers were not asked');
});

test('a line in strange hands is bad, one of the agent that runs is not', () => {
  const kernel = board();
  hold(kernel, 17, 'fencepost:phobos-2 relay');
  hold(kernel, 22, 'fencepost:phobos relay+sense');
  const { ok, found } = look(kernel);
  assert.not(ok);
  assert.equal(
    found.map((one) => one.ok),
    [false, true, true],
  );
  assert.match(found[0]?.text ?? '', 'is held by "fencepost:phobos-2 relay"');
  assert.match(found[1]?.text ?? '', 'an agent runs');
});

test('a chip or a line that is not there is told with what there is', () => {
  const { ok, lines } = look(fakeKernel(fakeChip('pinctrl-rp1', NAMES)));
  assert.not(ok);
  assert.match(lines[0] ?? '', 'BAD phobos psu: no GPIO chip is labelled "pinctrl-bcm2711"');
  assert.match(lines[0] ?? '', 'there are "pinctrl-rp1"');
});

test('the line of a power button is asked for like any other', () => {
  const button =
    '[[hosts.phobos.outlets]]\ndriver = "power-button"\nname = "button"\nchip = "pinctrl-bcm2711"\n' +
    'line = "GPIO24"\nactive = "high"\nshown_by = "rail"\nhold = "5s"\nlevel = 2\n';
  const { found } = look(
    board(),
    configOf((text) =>
      text
        .replace('[[hosts.phobos.senses]]', `${button}[[hosts.phobos.senses]]`)
        .replace('covers = ["psu"]', 'covers = "host"'),
    ),
  );
  assert.match(found[1]?.text ?? '', 'line 24 "GPIO24" of pinctrl-bcm2711');
});

test('one line under two names is found', () => {
  const { found } = look(
    board(),
    configOf((text) => text.replace('"GPIO22"', '17')),
  );
  assert.match(found[1]?.text ?? '', 'is named twice');
});

test('what a release does is known of some chips, and of no other', () => {
  const cases: [string, string | undefined, Release][] = [
    ['pinctrl-bcm2711', undefined, 'input'],
    ['pinctrl-bcm2711', 'Y', 'keeps'],
    ['pinctrl-bcm2835', 'N', 'input'],
    ['pinctrl-rp1', undefined, 'unknown'],
    ['pinctrl-rp1', 'Y', 'keeps'],
    ['9030000.pl061', undefined, 'keeps'],
    ['gpio-sim.0-node0', undefined, 'input'],
    ['pcf8574', 'Y', 'unknown'],
  ];
  for (const [label, value, does] of cases)
    assert.is(
      releaseOf(label, () => value),
      does,
      label,
    );
});

test.run();
