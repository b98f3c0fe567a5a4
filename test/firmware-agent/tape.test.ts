/** What led to a fence is kept, and plays again to the same end through the same core. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { advance } from '../../firmware-agent/core/advance.ts';
import { TAPES_MAX } from '../../firmware-agent/core/limits.ts';
import { saveTape } from '../../firmware-agent/drivers/tapes.ts';
import { loadTape, play, playedText } from '../../firmware-agent/replay.ts';
import { recorder, type Tape } from '../../firmware-agent/tape.ts';
import { assert, suite } from '../lib/suite.ts';
import { chaosOf, strike } from './core/world/chaos.ts';
import { guarded, SECOND } from './core/world/settings.ts';
import { type World, world } from './core/world/world.ts';

const test = suite('tapes');

/** Two hosts that beat, and a recorder on their board. */
function taped(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  tapeIt(w);
  return w;
}

function tapeIt(w: World): void {
  if (w.state.process !== undefined) w.state.recorder = recorder(w.state.process.board);
}

function tapeOf(w: World): Tape | undefined {
  return w.state.recorder?.tape();
}

function some(tape: Tape | undefined): Tape {
  assert.ok(tape, 'there is a tape');
  return tape as Tape;
}

test('a quiet board keeps nothing', () => {
  const w = taped();
  w.run(60 * SECOND);
  assert.is(tapeOf(w), undefined);
  w.cable('alpha', 'serial', 'broken');
  w.run(60 * SECOND);
  assert.is(tapeOf(w), undefined, 'a silent channel is no late host');
});

test('a verdict plays again step by step, from the first lateness to the restore', () => {
  const w = taped();
  w.hang('alpha');
  w.untilNews('restored', 'alpha', 60 * SECOND);
  const played = play(some(tapeOf(w)), advance);
  assert.is(played.same, played.steps);
  const text = playedText(played);
  for (const words of [/dead: 15\.\d\d s of proven/, /fenced, verified/, /alpha is fence 1/]) {
    assert.match(text, words);
  }
});

test('an order plays again from before it was taken', () => {
  const w = taped();
  w.order({ op: 'fence', host: 'beta', by: 'operator' });
  w.untilNews('fenced', 'beta', 30 * SECOND);
  const { shown, same, steps } = play(some(tapeOf(w)), advance);
  assert.is(same, steps);
  assert.is(shown[0]?.event.kind, 'order');
});

test('a board that cannot be kept costs its tape, and the order goes on', () => {
  const w = taped();
  const board = w.state.process?.board as unknown as Record<string, unknown>;
  board['strange'] = () => 0;
  w.order({ op: 'fence', host: 'beta', by: 'operator' });
  w.untilNews('fenced', 'beta', 30 * SECOND);
  assert.is(tapeOf(w), undefined);
});

test('once nobody is late any more the tape ends, and nothing of it stays', () => {
  const w = taped();
  w.order({ op: 'fence', host: 'beta', by: 'operator' });
  w.run(60 * SECOND);
  assert.is(tapeOf(w), undefined);
});

test('whatever happens in a random world, its tape plays to the same effects', () => {
  let steps = 0;
  for (let seed = 1; seed <= 12; seed += 1) {
    const c = chaosOf(seed, true);
    c.w.run(3_000);
    tapeIt(c.w);
    const { life } = c.w.state;
    for (let n = 0; n < 12 && c.w.state.life === life; n += 1) {
      strike(c);
      c.w.run(c.chance.between(10, 1_500));
      const tape = c.w.state.life === life ? tapeOf(c.w) : undefined;
      if (tape === undefined) continue;
      const played = play(tape, advance);
      assert.is(played.same, played.steps, `SEED=${seed}`);
      steps += played.steps;
    }
  }
  assert.ok(steps > 1_000, `only ${steps} steps were taped`);
});

test('a core that decides otherwise is told, and where', () => {
  const w = taped();
  w.hang('alpha');
  w.untilNews('fenced', 'alpha', 60 * SECOND);
  const { format, board, steps } = some(tapeOf(w));
  // As if the core had since become one that hears nothing of beta.
  const deaf = steps.filter(({ event }) => event.kind !== 'heard');
  const played = play({ format, board, steps: deaf }, advance);
  assert.ok(played.same < played.steps);
  assert.match(playedText(played), /steps came out differently/);
});

test('tapes lie on the disk, the newest only, and what is none is refused', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-tapes-'));
  const w = taped();
  w.hang('alpha');
  w.untilNews('fenced', 'alpha', 60 * SECOND);
  const tape = some(tapeOf(w));
  for (let n = 1; n <= TAPES_MAX + 3; n += 1) assert.ok((await saveTape(dir, n, tape)).ok);
  const names = readdirSync(dir).sort();
  assert.is(names.length, TAPES_MAX);
  assert.is(names[0], 'fence-0000000004.tape');
  const loaded = loadTape(join(dir, 'fence-0000000004.tape'));
  assert.ok(loaded.ok);
  if (loaded.ok) assert.is(play(loaded.value, advance).same, tape.steps.length);
  writeFileSync(join(dir, 'torn'), 'no tape');
  for (const name of ['torn', 'absent']) assert.not.ok(loadTape(join(dir, name)).ok);
  rmSync(dir, { recursive: true });
});

test.run();
