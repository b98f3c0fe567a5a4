/**
 * Four things are wrong at once, each of which looks like a quiet host or like nothing at all:
 * `fencepost doctor` names each with its remedy, and moves nothing. A board in order gets no blame.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../host-shim/cli/doctor/finding.ts';
import type { Chapter } from '../../host-shim/cli/history.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { allBeat } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

interface Opinion {
  code: number;
  verdict: string;
  findings: Finding[];
}

async function ask(rack: Rack): Promise<Opinion> {
  const { code, stdout, stderr } = await rack.fencepost(['doctor', '--json']);
  assert.ok(stdout.startsWith('{'), `${stdout}${stderr}`);
  return { code, ...(JSON.parse(stdout) as Omit<Opinion, 'code'>) };
}

/** Asks until something bad of this group says these words: counters and silences take a moment. */
async function names(
  rack: Rack,
  group: Finding['group'],
  about: string,
  words: RegExp,
): Promise<void> {
  let said = '';
  for (let tries = 0; tries < 20; tries += 1) {
    const { code, findings } = await ask(rack);
    const bad = findings.filter((one) => one.level === 'bad' && one.group === group);
    const own = bad.filter((one) => one.about === about);
    said = findings.map(({ level, about: whose, text }) => `${level} ${whose}: ${text}`).join('\n');
    if (own.some(({ text, remedy }) => words.test(`${text} | ${remedy}`))) {
      assert.equal(code, 1, 'something bad is exit 1');
      return;
    }
    await pause(500);
  }
  assert.fail(`it does not say ${words} of ${about}:\n${said}`);
}

async function showIll(stage: Stage): Promise<void> {
  const broker = await stage.broker();
  const rack = await stage.rack({
    ...onBothPaths(3, broker),
    // The kernel lets nobody make a file there, root included.
    stateDir: '/proc/fs',
    prepare: (dir) => {
      const line = `host deimos 1 ${randomBytes(32).toString('base64')}\n`;
      writeFileSync(join(dir, 'deimos-keys'), line, { mode: 0o600 });
    },
  });
  await stage.promise(
    'a wrong key: two hosts beat, and the third is named on both paths',
    async () => {
      await allBeat(rack, ['phobos', 'io']);
      await names(rack, 'serial', 'deimos', /whole and under a wrong key.*"host deimos/);
      await names(rack, 'broker', 'deimos', /whole and under a wrong key/);
    },
  );
  await stage.promise('storage that takes nothing is named', () =>
    names(rack, 'storage', '/proc/fs', /nothing can be stored.*Fencing goes on/),
  );
  await stage.promise('a line that carries noise is named, with the baud rate', async () => {
    await rack.bench.cable('phobos', { noise: 0.5 });
    await names(rack, 'serial', 'phobos', /came in damaged, and no fresh beat.*115200/);
  });
  await stage.promise('a broker that hangs is named, and nothing moved all the while', async () => {
    broker.stop();
    await names(rack, 'broker', '', /is not heard for .*Start the broker/);
    await pause(2 * SHORT_MS.deadtimeMs);
    broker.continue();
    await rack.bench.cable('phobos', { noise: 0 });
    await allBeat(rack, ['phobos', 'io']);
    assertNothingMoved(rack.bench);
    assertNoVerdict(rack);
  });
  await stage.promise('without an agent it says what it can see, exit 3', async () => {
    rack.agent.signal('SIGKILL');
    await rack.agent.ended;
    const { code, findings } = await ask(rack);
    assert.equal(code, 3);
    assert.match(findings[0]?.text ?? '', /nobody listens on .*agent\.sock/);
  });
}

async function showWell(stage: Stage): Promise<void> {
  const rack = await stage.rack(onBothPaths(2, await stage.broker()));
  await stage.promise('a board in order: nothing is bad, exit 0', async () => {
    await allBeat(rack, rack.setup.hosts);
    const { code, findings } = await ask(rack);
    const bad = findings.filter(({ level }) => level === 'bad');
    assert.deepEqual(bad, []);
    assert.equal(code, 0);
    const proven = findings.filter(({ text }) => text.startsWith('its silence can be proven'));
    assert.equal(proven.length, 2, 'each host has its proof');
  });
  await stage.promise(
    'history shows a fence with its grade, on the board and over MQTT',
    async () => {
      const fenced = await rack.fencepost(['fence', 'deimos', '--yes']);
      assert.equal(fenced.code, 0, `${fenced.stdout}${fenced.stderr}`);
      for (const over of ['socket', 'mqtt'] as const) {
        const { code, stdout, stderr } = await rack.fencepost(['history', '--json'], over);
        assert.equal(code, 0, stderr);
        const chapters = JSON.parse(stdout) as Chapter[];
        const [{ host, outcome, grade, untested, offMs } = {} as Chapter] = chapters;
        assert.deepEqual(
          [chapters.length, host, outcome, grade, untested, offMs],
          [1, 'deimos', 'fenced', 'verified', true, SHORT_MS.holdMs],
        );
      }
      const { code } = await rack.fencepost(['doctor'], 'mqtt');
      assert.equal(code, 2, 'doctor is for the board itself');
    },
  );
}

export const doctor: Scenario = {
  name: 'doctor',
  aboutS: 40,
  run: async (stage) => {
    await Promise.all([showIll(stage), showWell(stage)]);
  },
};
