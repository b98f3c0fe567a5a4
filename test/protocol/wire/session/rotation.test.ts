/** A key is changed while both ends run: in any order of steps, and revoked in the middle of it. */
import { type KeyRing, parseKeys } from '../../../../protocol/wire/keys.ts';
import { receive } from '../../../../protocol/wire/session/agent.ts';
import { SESSION_PERIODS_MAX } from '../../../../protocol/wire/session/derive.ts';
import { heard, type Life, nonceFor } from '../../../../protocol/wire/session/lives.ts';
import { endRevoked } from '../../../../protocol/wire/session/revoke.ts';
import { assert, suite } from '../../../lib/suite.ts';
import { base64Of, ringOf } from '../lib/keys.ts';
import { beat, beatFrame, give, handshake, rig } from '../lib/peer.ts';
import {
  type Agent,
  beats,
  K_MS,
  longestGap,
  newsKinds,
  run,
  STEP_MS,
  startAgent,
  startHost,
  T_MS,
  type World,
  world,
} from '../lib/world.ts';

const test = suite('rotation of keys');

const ONE = `host alpha 1 ${base64Of(1)}`;
const TWO = `host alpha 2 ${base64Of(2)}`;
const SWITCH = 'auth host alpha 2';

/** What a file holds after so many steps: add, switch, retire. */
const FILES = [ONE, `${ONE}\n${TWO}`, `${ONE}\n${TWO}\n${SWITCH}`, TWO] as const;

function take(ring: KeyRing, text: string): void {
  const parsed = parseKeys(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  ring.take(parsed.keys);
}

interface Rotation {
  w: World;
  agent: Agent;
  board: KeyRing;
  host: KeyRing;
}

function begun(seed: number): Rotation {
  const w = world(seed);
  const board = ringOf(ONE);
  const host = ringOf(ONE);
  const agent = startAgent(w, [1], board);
  startHost(w, 1, 'boot-1', ['serial', 'mqtt'], host);
  run(w, 5_000);
  return { w, agent, board, host };
}

function reloadBoard({ agent, board }: Rotation, text: string): { channel: string }[] {
  take(board, text);
  return endRevoked(agent.sessions);
}

/** All orders of three steps at one end and three at the other. */
function orders(left: string, right: string): string[] {
  if (left === '' || right === '') return [left + right];
  return [
    ...orders(left.slice(1), right).map((rest) => left[0] + rest),
    ...orders(left, right.slice(1)).map((rest) => right[0] + rest),
  ];
}

/** The board retires the old key only after the host sends with the new one: `keys check` sees to it. */
const isSound = (order: string): boolean => order.lastIndexOf('B') > secondOf(order, 'H');

function secondOf(order: string, end: string): number {
  return order.indexOf(end, order.indexOf(end) + 1);
}

const ORDERS = orders('BBB', 'HHH');
const SOUND = ORDERS.filter(isSound);

test('a key is changed in every order of the steps at both ends without a missed beat', () => {
  assert.is(ORDERS.length, 20);
  assert.ok(SOUND.length >= 16, String(SOUND.length));
  for (const [n, order] of SOUND.entries()) {
    const r = begun(100 + n);
    const steps = { B: 0, H: 0 };
    for (const end of order as Iterable<'B' | 'H'>) {
      steps[end] += 1;
      const file = FILES[steps[end]] ?? '';
      if (end === 'H') take(r.host, file);
      else assert.equal(reloadBoard(r, file), [], `${order}: nothing is revoked`);
      run(r.w, 5_000);
    }
    for (const channel of ['serial', 'mqtt'] as const) {
      const heard = beats(r.w, { channel });
      const gapMs = longestGap(heard, 2 * T_MS, r.w.now);
      assert.ok(gapMs <= K_MS + 2 * STEP_MS, `${order} ${channel}: ${gapMs} ms without a beat`);
      const { standing } = r.agent.sessions.table[1]?.paths[channel] ?? {};
      assert.is(standing?.kid, 2, `${order} ${channel}`);
      assert.is(new Set(heard.map(({ session }) => session)).size, 2, `${order}: one change`);
    }
    assert.equal(
      newsKinds(r.w).filter((kind) => kind === 'no-contact'),
      [],
      order,
    );
  }
});

test('between any two steps a shim that starts anew has a session, as long as one key is shared', () => {
  for (let board = 0; board < FILES.length; board += 1) {
    for (let host = 0; host < FILES.length; host += 1) {
      const w = world(200 + 10 * board + host);
      startAgent(w, [1], ringOf(FILES[board] ?? ''));
      startHost(w, 1, 'boot-1', ['serial', 'mqtt'], ringOf(FILES[host] ?? ''));
      run(w, 6_000);
      const isShared = !(board === 0 && host === 3) && !(board === 3 && host === 0);
      for (const channel of ['serial', 'mqtt'] as const) {
        const heard = beats(w, { channel, from: 2_000 });
        assert.is(heard.length > 0, isShared, `board ${board}, host ${host}`);
        if (!isShared) continue;
        assert.ok(longestGap(heard, 3_000, w.now) <= K_MS + 2 * STEP_MS);
      }
    }
  }
});

test('both ends in the same state: the key to send with is used from the first beat on', () => {
  const w = world(30);
  const agent = startAgent(w, [1], ringOf(FILES[2]));
  startHost(w, 1, 'boot-1', ['serial'], ringOf(FILES[2]));
  run(w, 5_000);
  const { standing } = agent.sessions.table[1]?.paths.serial ?? {};
  assert.equal([standing?.kid, standing?.id], [2, 1]);
  assert.is(agent.sessions.setup.ring.find('host', 'alpha', 1)?.usedAt, undefined);
});

test('a host whose file lost the key of its session beats on until the board has the new one', () => {
  const r = begun(31);
  take(r.host, TWO);
  run(r.w, 30_000);
  reloadBoard(r, FILES[1]);
  run(r.w, 5_000);
  assert.ok(longestGap(beats(r.w, { channel: 'serial' }), 2 * T_MS, r.w.now) <= K_MS + 2 * STEP_MS);
  assert.is(r.agent.sessions.table[1]?.paths.serial?.standing?.kid, 2);
});

test('a revoked key ends its sessions and tries at once, and only those', () => {
  const r = begun(32);
  const before = r.w.now;
  const recorded = r.w.sent.findLast(({ direction }) => direction === 'up');
  assert.equal(
    reloadBoard(r, TWO).map(({ channel }) => channel),
    ['serial', 'mqtt'],
  );
  assert.equal(endRevoked(r.agent.sessions), [], 'told once');
  run(r.w, 60_000);
  assert.equal(beats(r.w, { from: before + STEP_MS }), []);
  assert.ok(r.w.refused.some(({ refused }) => refused === 'kid'));
  const { sessions, ticks } = r.agent;
  const from = { channel: 'serial', host: 1 } as const;
  const bytes = recorded?.bytes ?? new Uint8Array();
  assert.is(receive(sessions, from, bytes, ticks, r.w.now).refused, 'kid');
  take(r.host, TWO);
  const at = r.w.now;
  run(r.w, 5_000);
  assert.ok(longestGap(beats(r.w, { from: at }), at, r.w.now) <= 2 * T_MS, 'it is back at once');
});

test('a host that has another key of the file is back within four periods of a revocation', () => {
  const r = begun(33);
  take(r.host, FILES[1]);
  reloadBoard(r, FILES[1]);
  run(r.w, 5_000);
  const at = r.w.now;
  assert.is(reloadBoard(r, TWO).length, 2);
  run(r.w, 10_000);
  const [first] = beats(r.w, { channel: 'serial', from: at + STEP_MS });
  assert.ok((first?.at ?? Number.POSITIVE_INFINITY) - at <= 4 * T_MS + 100, String(first?.at));
});

test('other bytes under the same number are another key', () => {
  const r = begun(34);
  assert.is(reloadBoard(r, `host alpha 1 ${base64Of(9)}`).length, 2);
  run(r.w, 10_000);
  assert.equal(beats(r.w, { from: r.w.now - 10_000 + STEP_MS }), []);
});

test('tries that wait under a revoked key are gone, those under another stay', () => {
  const both = `${FILES[1]}\nhost beta 1 ${base64Of(3)}`;
  const ring = ringOf(both);
  const r = rig(ring);
  const peer = handshake(r, 1);
  take(ring, both.replace(ONE, `host alpha 1 ${base64Of(9)}`));
  assert.equal(endRevoked(r.sessions), [], 'nothing stood');
  assert.is(beat(r, peer, 1), 'unknown-session');
  assert.equal(r.sessions.table[1]?.paths.serial?.halfOpen, []);
});

test('a session that grew too old says so once, when a beat shows that its host lives', () => {
  const r = rig();
  const peer = handshake(r, 1);
  assert.is(beat(r, peer, 1), 'beat');
  r.now = SESSION_PERIODS_MAX * 1_000 + 1_000;
  const old = give(r, beatFrame(peer, 59_000));
  assert.equal([old.refused, old.expired], ['unknown-session', true]);
  assert.is(give(r, beatFrame(peer, 59_001)).expired, undefined);
});

test('a beacon counts once under each key, and never with a tick older than the latest', () => {
  const lives: Life[] = [];
  const aNonce = new Uint8Array(8);
  const isNews = (kid: number, tick: number): boolean =>
    heard(lives, { aNonce, tick, kid }, () => false, 100) !== undefined;
  assert.equal(
    [isNews(1, 5), isNews(2, 5), isNews(2, 5), isNews(1, 5)],
    [true, true, false, false],
  );
  assert.equal([isNews(1, 6), isNews(3, 5), isNews(3, 6)], [true, false, true]);
  assert.equal([isNews(2, 6), lives[0]?.tick], [true, 6]);
});

test('a HELLO under another key has another nonce, so a late WELCOME under the first opens nothing', () => {
  const lives: Life[] = [];
  const life = heard(lives, { aNonce: new Uint8Array(8), tick: 1, kid: 1 }, () => false, 0);
  if (life === undefined) return assert.unreachable();
  let drawn = 0;
  const nonceUnder = (kid: number): Uint8Array =>
    nonceFor(life, { kid, anew: false }, 10, () => {
      drawn += 1;
      return new Uint8Array(8).fill(drawn);
    });
  assert.equal([nonceUnder(1)[0], nonceUnder(1)[0], nonceUnder(2)[0]], [1, 1, 2]);
});

test('a key notes what came fresh under it, and nothing else', () => {
  const ring = ringOf(`${FILES[1]}\nhost beta 1 ${base64Of(3)}`);
  const r = rig(ring);
  const key = ring.find('host', 'alpha', 1);
  r.now = 500;
  const peer = handshake(r, 1);
  assert.is(key?.usedAt, 500, 'a HELLO');
  r.now = 1_500;
  beat(r, peer, 1);
  assert.is(key?.usedAt, 1_500, 'a beat');
  beat(r, peer, 1);
  r.now = 20_000;
  beat(r, peer, 2);
  assert.is(key?.usedAt, 1_500, 'neither a replay nor a stale beat');
  assert.is(ring.find('host', 'alpha', 2)?.usedAt, undefined);
});

test.run();
