/**
 * A changed configuration is taken while hosts are guarded; a broken one is not, and nothing moves.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { AgentLine, Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { hangAndFollow, noteFence } from './lib/fence-times.ts';
import { allBeat, allClear } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { MQTT_MS, SHORT_MS } from './lib/timing.ts';

const LONGER_MS = { ...SHORT_MS, deadtimeMs: 5_000 };

function nothingHappened(rack: Rack): void {
  assertNothingMoved(rack.bench);
  assertNoVerdict(rack);
}

function configPath(rack: Rack): string {
  return join(rack.dir, 'agent.toml');
}

/** Rewrites the file, sends HUP and waits for what the agent says about it. */
async function change(rack: Rack, text: string, answer: RegExp): Promise<AgentLine> {
  writeFileSync(configPath(rack), text);
  const sinceMs = monotonicMs() - 1;
  rack.agent.signal('SIGHUP');
  return rack.agent.waitFor(
    String(answer),
    (line) => line.atMs > sinceMs && answer.test(line.text),
    5_000,
  );
}

const BROKEN: [words: string, broken: (text: string) => string][] = [
  ['not TOML', () => '[[[\n'],
  ['empty', () => ''],
  ['an unknown key', (text) => text.replace('warntime', 'warntme')],
  ['a deadtime of nothing', (text) => text.replace('deadtime = "3000ms"', 'deadtime = "0s"')],
  [
    'changed without a larger version',
    (text) => text.replace('deadtime = "3000ms"', 'deadtime = "4s"'),
  ],
  ['two hosts of one number', (text) => text.replace('id = 2\n', 'id = 1\n')],
];

async function brokenFiles(rack: Rack, good: string): Promise<void> {
  for (const [words, broken] of BROKEN) {
    const text = broken(good);
    assert.notEqual(text, good, words);
    await change(rack, text, /^reload refused/);
  }
  await pause(SHORT_MS.deadtimeMs);
  await allBeat(rack, rack.setup.hosts);
  nothingHappened(rack);
}

async function goodFile(rack: Rack, good: string): Promise<void> {
  const longer = good
    .replace('version = 1', 'version = 2')
    .replace('deadtime = "3000ms"', 'deadtime = "5000ms"')
    .replace('initdead = "6000ms"', 'initdead = "10000ms"');
  await change(rack, longer, /^guarding begins/);
  await allBeat(rack, rack.setup.hosts);
  nothingHappened(rack);
}

async function manyFiles(rack: Rack): Promise<void> {
  const text = readFileSync(configPath(rack), 'utf8');
  for (let version = 3; version < 9; version += 1) {
    const next = text
      .replace('version = 2', `version = ${version}`)
      .replace('warntime = "1500ms"', `warntime = "${1_500 + version}ms"`);
    await change(rack, next, /^guarding begins/);
  }
  await pause(2 * LONGER_MS.deadtimeMs);
  await allBeat(rack, rack.setup.hosts);
  nothingHappened(rack);
}

export const reload: Scenario = {
  name: 'reload',
  aboutS: 40,
  run: async (stage) => {
    const rack = await stage.rack(onBothPaths(3, await stage.broker()));
    const good = readFileSync(configPath(rack), 'utf8');
    const [, , hung = ''] = rack.setup.hosts;
    await stage.promise('three hosts beat', () => allBeat(rack, rack.setup.hosts));
    await stage.promise('broken files are refused, the last good one guards on', () =>
      brokenFiles(rack, good),
    );
    await stage.promise('a good file is taken, nobody is fenced', () => goodFile(rack, good));
    await stage.promise('one good file after the other: nobody is fenced', () => manyFiles(rack));
    await stage.promise('the new deadtime applies', async () => {
      const times = await hangAndFollow(rack, hung);
      noteFence('D 5 s, taken by reload', times, LONGER_MS, MQTT_MS);
      await allBeat(rack, rack.setup.hosts);
      await allClear(rack);
    });
  },
};
