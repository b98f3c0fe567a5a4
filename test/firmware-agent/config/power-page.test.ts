/** Every example on the page about power switches is a configuration that the agent takes. */
import { readFileSync } from 'node:fs';
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('power.md');
const page = readFileSync('firmware-agent/power.md', 'utf8');
const examples = [...page.matchAll(/```toml\n(.*?)```/gs)].map(([, toml = '']) => toml);
const head =
  'schema = 1\nversion = 1\n[agent]\nname = "board"\nid = 1\n' +
  '[mqtt]\nurl = "mqtts://broker.example.org"\n';

test('all examples together are one configuration', () => {
  const parsed = parseAgentConfig(head + examples.join('\n'), 'power.md');
  const told = parsed.ok ? [] : parsed.problems;
  assert.is(told.map(({ path, problem }) => `${path}: ${problem}`).join('\n'), '');
  if (!parsed.ok) return;
  const drivers = parsed.config.devices.flatMap(({ outlets }) => outlets.map((one) => one.driver));
  assert.equal(new Set(drivers), new Set(['fence-agent', 'serial-switch', 'mqtt-plug']));
  assert.is(parsed.config.devices.flatMap(({ senses }) => senses).length, 1);
});

test('every driver and model of the page is known, and the other way round', () => {
  for (const name of ['fence-agent', 'serial-switch', 'mqtt-plug', 'lcus', 'numato', 'wti-rps10']) {
    assert.match(page, `| \`${name}\``);
  }
});

test.run();
