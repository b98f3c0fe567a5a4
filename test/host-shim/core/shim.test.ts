import {
  LEAVE_OTHERS_MS,
  LEAVE_PATIENT_MS,
  LEAVE_WAIT_MS,
} from '../../../host-shim/core/limits.ts';
import { FLAG_STAYS } from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { KEEPALIVE_MS, makeWorld } from './world.ts';

const test = suite('shim core');

/** L5: a session stands within two beacon periods and three channel delays of a restart. */
const SESSION_WITHIN_MS = 2 * KEEPALIVE_MS + 3 * 5;
/** A beat a keepalive, and the delay of the cable. */
const STEADY_GAP_MS = KEEPALIVE_MS + 10;

test('a shim that starts solicits, and beats on both channels a moment later', () => {
  const world = makeWorld(1);
  world.run(100);
  const beats = world.opened.filter(({ what }) => what.kind === 'beat');
  assert.equal(new Set(beats.map(({ what }) => what.channel)), new Set(['serial', 'mqtt']));
  world.run(600_000);
  assert.ok(world.longestGapMs(100, 'serial') <= STEADY_GAP_MS);
  assert.ok(world.longestGapMs(100, 'mqtt') <= STEADY_GAP_MS);
});

test('a cable that is cut or clogged costs the other channel not one beat', () => {
  for (const to of ['cut', 'clogged'] as const) {
    for (const channel of ['serial', 'mqtt'] as const) {
      const world = makeWorld(2);
      world.run(10_000);
      world.cable(channel, to);
      world.run(120_000);
      const other = channel === 'serial' ? 'mqtt' : 'serial';
      assert.ok(world.longestGapMs(9_000, other) <= STEADY_GAP_MS, `${channel} ${to}`);
      assert.ok(world.longestGapMs(11_000, channel) > 100_000);
      const mendedAtMs = world.nowMs();
      world.cable(channel, 'open');
      world.run(30_000);
      const first = world.opened.find(
        ({ atMs, what }) => atMs > mendedAtMs && what.kind === 'beat' && what.channel === channel,
      );
      assert.ok((first?.atMs ?? Infinity) - mendedAtMs <= SESSION_WITHIN_MS, `${channel} ${to}`);
      assert.ok(world.longestGapMs(mendedAtMs + SESSION_WITHIN_MS, channel) <= STEADY_GAP_MS);
    }
  }
});

test('a restarted board has a session and beats within L5 of its first beacon', () => {
  for (let seed = 10; seed < 40; seed += 1) {
    const world = makeWorld(seed);
    world.run(10_000 + seed * 37);
    world.restartBoard(2_500);
    const upAtMs = world.nowMs() + 2_500;
    world.run(60_000);
    for (const channel of ['serial', 'mqtt'] as const) {
      const first = world.opened.find(
        ({ atMs, what }) => atMs >= upAtMs && what.kind === 'beat' && what.channel === channel,
      );
      const tookMs = (first?.atMs ?? Infinity) - upAtMs;
      assert.ok(tookMs <= SESSION_WITHIN_MS, `seed ${seed} ${channel}: ${tookMs} ms`);
    }
    assert.ok(world.longestGapMs(upAtMs + SESSION_WITHIN_MS) <= STEADY_GAP_MS);
  }
});

test('a shim that is killed and restarted is the same incarnation, back within L5', () => {
  const world = makeWorld(3);
  world.run(10_000);
  for (let time = 0; time < 20; time += 1) {
    const killedAtMs = world.nowMs();
    world.restartShim(1_000);
    world.run(7_123);
    assert.ok(world.longestGapMs(killedAtMs) <= 1_000 + SESSION_WITHIN_MS);
  }
  const lives = world.opened.flatMap(({ what }) =>
    what.kind === 'beat' ? [what.incarnation] : [],
  );
  assert.is(new Set(lives).size, 1);
});

test('leaving in order says LEAVING, then LEFT, on both channels, and is acknowledged at once', () => {
  const world = makeWorld(4);
  world.run(10_000);
  world.leave('stop');
  world.run(1_000);
  assert.ok(world.gone?.told === true && world.gone.atMs - 10_000 < 100);
  const words = world.opened.filter(({ what }) => what.kind === 'leaving' || what.kind === 'left');
  assert.equal(
    words.map(({ what }) => `${what.kind} ${what.channel}`),
    ['leaving serial', 'leaving mqtt', 'left serial', 'left mqtt'],
  );
  const saidMs = world.nowMs();
  world.run(60_000);
  assert.is(world.opened.filter(({ atMs }) => atMs > saidMs).length, 0, 'nothing is said after');
});

test('leaving while one cable is clogged does not wait for it, and is told', () => {
  for (const channel of ['serial', 'mqtt'] as const) {
    const world = makeWorld(5);
    world.run(10_000);
    world.cable(channel, 'clogged');
    world.leave('reboot');
    world.run(10_000);
    assert.ok(world.gone?.told === true);
    assert.ok((world.gone?.atMs ?? 0) - 10_000 <= 2 * LEAVE_OTHERS_MS + 50);
  }
});

test('an unanswered LEAVING is repeated, and beats go on meanwhile', () => {
  const world = makeWorld(6);
  world.run(10_000);
  world.cable('serial', 'clogged');
  world.cable('mqtt', 'clogged');
  world.leave('stop');
  world.run(1_500);
  world.cable('serial', 'open');
  world.run(10_000);
  const kinds = world.opened.filter(({ atMs }) => atMs > 11_000).map(({ what }) => what.kind);
  assert.ok(kinds.includes('beat') && kinds.includes('leaving') && kinds.at(-1) === 'left');
  assert.ok(world.gone?.told === true);
});

test('a board that never answers is not waited for longer than two waits', () => {
  const world = makeWorld(7);
  world.run(10_000);
  world.restartBoard(1_000_000);
  world.run(100);
  world.leave('stop');
  world.run(20_000);
  assert.ok(world.gone !== undefined && !world.gone.told);
  assert.ok((world.gone?.atMs ?? 0) - 10_100 <= 2 * LEAVE_WAIT_MS);
  const deserted = makeWorld(7);
  deserted.run(10_000);
  deserted.restartBoard(1_000_000);
  deserted.run(5_000);
  deserted.leave('stop');
  assert.equal(deserted.gone, { atMs: 15_000, told: false }, 'nor is one known to be silent');
  const alone = makeWorld(8);
  alone.restartBoard(1_000_000);
  alone.run(20_000);
  alone.leave('stop');
  assert.equal(alone.gone, { atMs: 20_000, told: false }, 'with nobody there it goes at once');
});

test('where an end unheard restarts the machine, a moment without contact is waited out', () => {
  for (const cable of ['clogged', 'cut'] as const) {
    const world = makeWorld(10);
    world.run(10_000);
    for (const channel of ['serial', 'mqtt'] as const) world.cable(channel, cable);
    world.run(5_000);
    world.leave('stop', 'patient');
    world.run(4_000);
    assert.is(world.gone, undefined, cable);
    world.cable('mqtt', 'open');
    world.run(5_000);
    assert.ok(world.gone?.told === true, cable);
  }
  const restarted = makeWorld(11);
  restarted.run(10_000);
  restarted.restartBoard(6_000);
  restarted.run(5_000);
  restarted.leave('stop', 'patient');
  restarted.run(10_000);
  assert.ok(restarted.gone?.told === true, 'the next life of the board is told, too');
});

test('one that waits is heard on whichever channel comes back, also where it spoke on the other', () => {
  const world = makeWorld(13);
  world.run(10_000);
  world.cable('mqtt', 'clogged');
  world.run(5_000);
  world.cable('serial', 'clogged');
  world.leave('stop', 'patient');
  world.run(4_000);
  world.cable('mqtt', 'open');
  world.run(4_000);
  assert.ok(world.gone?.told === true);
});

test('patience ends as well', () => {
  const world = makeWorld(12);
  world.run(10_000);
  world.restartBoard(1_000_000);
  world.run(5_000);
  world.leave('stop', 'patient');
  world.run(60_000);
  assert.equal(world.gone, { atMs: 15_000 + 2 * LEAVE_PATIENT_MS, told: false });
});

test('a shim says that it stays in the first beats of a session, and not once it leaves', () => {
  const world = makeWorld(13);
  const stays = (sinceMs: number): { yes: number; no: number } => {
    const said = world.opened.flatMap(({ atMs, what }) =>
      what.kind === 'beat' && atMs > sinceMs ? [(what.flags & FLAG_STAYS) !== 0] : [],
    );
    const yes = said.filter(Boolean).length;
    return { yes, no: said.length - yes };
  };
  world.run(9_000);
  assert.is(stays(0).no, 0);
  world.run(6_000);
  const [settledMs, { yes }] = [world.nowMs(), stays(0)];
  world.run(20_000);
  assert.equal([stays(settledMs).yes, stays(0).yes], [0, yes]);
  world.restartBoard(1_000);
  world.run(6_000);
  assert.ok(stays(settledMs).yes > 0, 'each session begins with it');
  world.cable('serial', 'cut');
  world.cable('mqtt', 'clogged');
  world.leave('stop', 'patient');
  const leftMs = world.nowMs();
  world.run(2_000);
  world.restartBoard(100);
  world.cable('serial', 'open');
  world.run(1_500);
  assert.ok(stays(leftMs).no > 0, 'it goes on beating');
  assert.is(stays(leftMs).yes, 0, 'in a session that began after it had begun to leave, too');
});

test('a shim that left joins anew when it starts again', () => {
  const world = makeWorld(9);
  world.run(10_000);
  world.leave('stop');
  world.run(1_000);
  world.restartShim(0);
  world.run(10_000);
  assert.ok(world.longestGapMs(11_000 + SESSION_WITHIN_MS) <= STEADY_GAP_MS);
});

test.run();
