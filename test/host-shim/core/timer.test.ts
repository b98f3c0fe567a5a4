/** What the shim says of its board's watchdog timer, and of the programs that kick it. */
import { encodeTimer, type TimerSettings } from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';
import { KEEPALIVE_MS, makeWorld, type World } from './world.ts';

const test = suite('shim and watchdog timer');

const TIMER: TimerSettings = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: false,
  action: 'cycle',
  preAction: 'none',
  timeoutMs: 30_000,
  pretimeoutMs: 0,
};

/** Operations of the kicks that the board opened since then, with their channel. */
const kicks = (world: World, sinceMs = 0): string[] =>
  world.opened.flatMap(({ atMs, what }) =>
    what.kind === 'kick' && atMs >= sinceMs ? [`${what.op} ${what.channel}`] : [],
  );
const counts = (world: World, sinceMs: number): number[] =>
  world.opened.flatMap(({ atMs, what }) =>
    what.kind === 'beat' && atMs >= sinceMs ? [what.flags & 0x0f] : [],
  );

test('each session begins with the arming, and says it once where it is answered', () => {
  const world = makeWorld(1, TIMER);
  world.run(5_000);
  assert.equal(kicks(world).sort(), ['timer-set mqtt', 'timer-set serial']);
  const first = world.opened.find(({ what }) => what.kind === 'kick')?.what;
  assert.ok(first?.kind === 'kick');
  if (first?.kind === 'kick') assert.equal([...first.args], [...encodeTimer(TIMER)]);
  const atMs = world.nowMs();
  world.restartBoard(500);
  world.run(10_000);
  assert.equal(kicks(world, atMs).sort(), ['timer-set mqtt', 'timer-set serial']);
});

test('a kick is told on every channel at once, and beats carry it from then on', () => {
  const world = makeWorld(2);
  world.run(5_300);
  const atMs = world.nowMs();
  world.kick();
  world.run(20);
  assert.equal(kicks(world, atMs).sort(), ['timer-reset mqtt', 'timer-reset serial']);
  world.run(5_000);
  assert.ok(counts(world, atMs).every((count) => count === 1));
});

test('a program that kicks all the time is counted once a keepalive, and its last kick too', () => {
  const world = makeWorld(3);
  world.run(5_000);
  const atMs = world.nowMs();
  for (let i = 0; i < 200; i += 1) {
    world.kick();
    world.run(50);
  }
  world.run(2 * KEEPALIVE_MS);
  const heard = kicks(world, atMs).filter((word) => word.endsWith('serial')).length;
  assert.ok(heard >= 10 && heard <= 12, `${heard} kicks in ten keepalives`);
  assert.is(counts(world, world.nowMs() - KEEPALIVE_MS).at(-1), heard);
});

test('beats keep their pace whatever is kicked', () => {
  const world = makeWorld(4, TIMER);
  world.run(5_000);
  const atMs = world.nowMs();
  for (let i = 0; i < 60; i += 1) {
    world.kick();
    world.run(1_000);
  }
  assert.ok(world.longestGapMs(atMs, 'serial') <= KEEPALIVE_MS + 10);
});

test('taking leave disarms, unless it is nowayout or the machine goes off', () => {
  const story = (timer: TimerSettings, reason: 'reboot' | 'off'): string[] => {
    const world = makeWorld(5, timer);
    world.run(5_000);
    const atMs = world.nowMs();
    world.leave(reason);
    world.run(10_000);
    assert.ok(world.gone?.told === true);
    return kicks(world, atMs).sort();
  };
  assert.equal(story(TIMER, 'reboot'), ['timer-off mqtt', 'timer-off serial']);
  assert.equal(story(TIMER, 'off'), []);
  assert.equal(story({ ...TIMER, nowayout: true }, 'reboot'), []);
});

test.run();
