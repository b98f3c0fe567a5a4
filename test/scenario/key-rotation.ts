/**
 * Every kind of key is changed while hosts beat and orders come in; then some are revoked.
 *
 * No beat is missed: the beats on the broker are counted one by one, and the board is asked ten
 * times a second how long it has not heard each host on each channel. No order is refused: every
 * call of the load must be answered. A revocation acts at once, and makes nobody dead.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { openBody, peek } from '../../protocol/wire/codec.ts';
import { hostUp } from '../../protocol/wire/topics.ts';
import type { Rack } from '../lib/rack.ts';
import { pause, until } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat, allClear, shimLines, viewOf } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict, commandsOf, linesOf, wasDark } from './lib/judge.ts';
import {
  carryKey,
  filesOf,
  keys,
  keysDone,
  type Owner,
  reloadBoard,
  reloadOther,
} from './lib/keys.ts';
import { AGENT, numberOf, type Ordering, ordererNamed, type Tap, tapOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { keepaliveMs, deadtimeMs, holdMs } = SHORT_MS;
const OPS: Ordering = { name: 'ops', id: 10 };
const PCMK: Ordering = { name: 'pcmk', id: 11 };
const ORDER_MS_MAX = 10_000;

/** A cluster's key beside the operator's: the rack has none of itself. */
function withCluster(dir: string): void {
  const line = `order pcmk 1 ${randomBytes(32).toString('base64')}\n`;
  appendFileSync(join(dir, 'keys'), line);
  writeFileSync(join(dir, 'pcmk-keys'), line, { mode: 0o600 });
}

const CLUSTER = [
  '[orderers.pcmk]',
  'id = 11',
  'host = "deimos"',
  'hosts = ["phobos", "io"]',
  'may = ["fence", "on", "status"]',
];

interface Load {
  answered: number;
  failures: string[];
  stop(): Promise<void>;
}

/** Asks and orders again and again, each time as a program that has just read its keys file. */
function ordersOf(rack: Rack, by: Ordering, host: string): Load {
  const load: Load = { answered: 0, failures: [], stop: async () => undefined };
  let goesOn = true;
  const work = async (): Promise<void> => {
    while (goesOn) {
      const client = ordererNamed(rack, by);
      const state = await client.state(numberOf(rack, host), 'status', ORDER_MS_MAX);
      if (!state.ok) load.failures.push(`${by.name}: a question was not answered`);
      // It has power, so this moves nothing.
      const about = { host: numberOf(rack, host), incarnation: 0, waitMs: ORDER_MS_MAX };
      const { outcome, detail } = await client.order({ op: 'on', ...about });
      if (outcome !== 'already' && outcome !== 'done') {
        load.failures.push(`${by.name}: on is ${outcome}, ${detail}`);
      }
      load.answered += 2;
      await client.close();
      // An orderer has a rate of its own, and this is not about that.
      await pause(150);
    }
  };
  const working = work();
  load.stop = () => {
    goesOn = false;
    return working;
  };
  return load;
}

interface Watch {
  longestMs: number;
  uncarried: string[];
  lives: Set<string>;
  stop(): Promise<void>;
}

/** Asks the board ten times a second how long it has not heard them. */
function quietOf(rack: Rack): Watch {
  const lives = new Set<string>();
  const seen: Watch = { longestMs: 0, uncarried: [], lives, stop: async () => undefined };
  let goesOn = true;
  const work = async (): Promise<void> => {
    while (goesOn) {
      const view = await viewOf(rack);
      if (view !== undefined) seen.lives.add(view.life);
      for (const { name, channels } of view?.hosts ?? []) {
        for (const { channel, quietMs, carried } of channels) {
          seen.longestMs = Math.max(seen.longestMs, quietMs ?? 0);
          if (!carried) seen.uncarried.push(`${name} on ${channel}`);
        }
      }
      await pause(100);
    }
  };
  const working = work();
  seen.stop = () => {
    goesOn = false;
    return working;
  };
  return seen;
}

/** Beats of one host on the broker, as they were sent: which key, and which number of its session. */
function beatsOn(tap: Tap, host: string): { kid: number; seq: number }[] {
  return tap.heard().flatMap(({ topic, payload }) => {
    const peeked = topic === hostUp(AGENT.name, host) ? peek(payload) : undefined;
    if (peeked === undefined || 'refused' in peeked || peeked.kind !== 'beat') return [];
    const beat = openBody(payload, 'beat');
    return 'refused' in beat ? [] : [{ kid: beat.kid, seq: beat.seq }];
  });
}

/** Changes the key of one owner step by step, as the help of `fencepost keys` teaches it. */
async function rotate(rack: Rack, owner: Owner, settled: () => Promise<unknown>): Promise<void> {
  const { board, other } = filesOf(rack, owner);
  await keysDone(board, `add ${owner}`);
  await reloadBoard(rack);
  await carryKey(rack, owner, 2);
  await reloadOther(rack, owner);
  await pause(keepaliveMs);
  await keysDone(other, `switch ${owner} 2`);
  await reloadOther(rack, owner);
  await settled();
  await keysDone(board, `switch ${owner} 2`);
  await reloadBoard(rack);
  const early = await keys(board, `retire ${owner} 1 --socket ${join(rack.dir, 'agent.sock')}`);
  assert.equal(early.code, 1, 'a key that was used a moment ago is not retired');
  assert.match(early.stderr, /used .* ago/);
  await keysDone(board, `retire ${owner} 1 --yes`);
  await reloadBoard(rack);
  await pause(keepaliveMs);
  await keysDone(other, `retire ${owner} 1 --yes`);
  await reloadOther(rack, owner);
  await pause(2 * keepaliveMs);
}

async function rotateAll(rack: Rack, tap: Tap): Promise<void> {
  const [one = '', two = ''] = rack.setup.hosts;
  const loads = [ordersOf(rack, OPS, one), ordersOf(rack, PCMK, two)];
  const quiet = quietOf(rack);
  const sinceMs = monotonicMs();
  for (const host of rack.setup.hosts) {
    await rotate(rack, `host ${host}`, () =>
      until('beats under the new key', () => beatsOn(tap, host).at(-1)?.kid === 2, 5_000),
    );
  }
  for (const owner of ['admin ops', 'order pcmk'] as const) {
    // Each worker of the load has begun anew with the file as it is now.
    await rotate(rack, owner, () => pause(1_000));
  }
  await quiet.stop();
  for (const load of loads) await load.stop();
  assert.deepEqual(
    loads.flatMap(({ failures }) => failures),
    [],
  );
  const answered = loads.reduce((sum, load) => sum + load.answered, 0);
  assert.ok(answered > 100, `${answered} answers`);
  assert.equal(quiet.lives.size, 1, 'one life of the agent');
  assert.deepEqual(quiet.uncarried, [], 'every channel carries its host all the time');
  figure('quiet on any channel while keys change', quiet.longestMs, {
    leastMs: 0,
    // One beat that is missed leaves twice the keepalive between its neighbours.
    mostMs: 2 * keepaliveMs,
  });
  for (const code of ['late', 'channel-silent', 'hostile', 'revoked', 'refused-orders']) {
    assert.deepEqual(
      linesOf(rack, code, sinceMs).map(({ text }) => text),
      [],
      code,
    );
  }
  assert.deepEqual((await viewOf(rack))?.refusedOrders, {});
  for (const host of rack.setup.hosts) noBeatMissing(tap, host);
  assertNothingMoved(rack.bench, sinceMs);
}

/** One session under each key, and in each of them every number once, from the first. */
function noBeatMissing(tap: Tap, host: string): void {
  const beats = beatsOn(tap, host);
  for (const kid of [1, 2]) {
    const seqs = beats.filter((beat) => beat.kid === kid).map(({ seq }) => seq);
    const [first = 0] = seqs;
    assert.deepEqual(
      seqs,
      seqs.map((_, n) => first + n),
      `${host} under key ${kid}`,
    );
    assert.ok(kid === 1 || first === 1, `${host} begins a session under key ${kid}`);
  }
  const changes = beats.filter(({ kid }, n) => n > 0 && kid !== beats[n - 1]?.kid).length;
  assert.equal(changes, 1, `${host} changes once`);
}

/** The key of a running order goes, while its host is without power: its end is told all the same. */
async function orderOutlivesKey(rack: Rack, host: string): Promise<void> {
  const { board, other } = filesOf(rack, 'admin ops');
  await keysDone(board, 'add admin ops');
  await reloadBoard(rack);
  await carryKey(rack, 'admin ops', 3);
  const client = ordererNamed(rack, OPS);
  const before = commandsOf(rack.bench, host, 'open').length;
  const fromMs = monotonicMs();
  let isTaken = (): void => undefined;
  const taken = new Promise<void>((resolve) => {
    isTaken = resolve;
  });
  const about = { host: numberOf(rack, host), incarnation: 0, waitMs: 20_000 };
  const ending = client.order({ op: 'fence', ...about }, isTaken);
  await taken;
  await keysDone(board, 'switch admin ops 3');
  await keysDone(board, 'retire admin ops 2 --yes');
  await reloadBoard(rack);
  const end = await ending;
  await client.close();
  assert.deepEqual([end.outcome, end.proof], ['done', 'verified']);
  assert.ok(wasDark(rack.bench, host, { fromMs, toMs: monotonicMs(), holdMs }));
  assert.equal(commandsOf(rack.bench, host, 'open').length, before + 1);
  await keysDone(other, 'switch admin ops 3');
  await allBeat(rack, rack.setup.hosts);
}

/** Puts another key in the place of the present one, on the board alone. */
async function revoke(rack: Rack, owner: Owner, kid: number): Promise<void> {
  const { board } = filesOf(rack, owner);
  await keysDone(board, `add ${owner}`);
  await keysDone(board, `switch ${owner} ${kid + 1}`);
  await keysDone(board, `retire ${owner} ${kid} --yes`);
  await reloadBoard(rack);
}

async function revokeHost(rack: Rack, host: string): Promise<void> {
  const sinceMs = monotonicMs();
  await revoke(rack, `host ${host}`, 2);
  await pause(3 * deadtimeMs);
  const view = await viewOf(rack);
  const seen = view?.hosts.find(({ name }) => name === host);
  for (const { channel, carried, quietMs, refused } of seen?.channels ?? []) {
    assert.ok(!carried && (quietMs ?? 0) > 2 * deadtimeMs, `${channel} counts as heard`);
    assert.ok((refused['kid'] ?? 0) > 0, `its beats on ${channel} are refused: kid`);
  }
  const codes = view?.alarms.filter((alarm) => alarm.host === host).map(({ code }) => code) ?? [];
  assert.ok(codes.includes('revoked'), `the alarms that stand: ${codes}`);
  assertNoVerdict(rack, sinceMs);
  assertNothingMoved(rack.bench, sinceMs);
  await carryKey(rack, `host ${host}`, 3);
  await reloadOther(rack, `host ${host}`);
  await allBeat(rack, rack.setup.hosts);
  await allClear(rack);
}

async function revokeOrderer(rack: Rack, host: string): Promise<void> {
  const sinceMs = monotonicMs();
  const before = (await viewOf(rack))?.refusedOrders['mac'] ?? 0;
  const client = ordererNamed(rack, PCMK);
  const about = { host: numberOf(rack, host), incarnation: 0, waitMs: 2_000 };
  assert.ok((await client.state(about.host, 'status', ORDER_MS_MAX)).ok);
  await revoke(rack, 'order pcmk', 2);
  assert.ok(!(await client.state(about.host, 'status', 2_000)).ok, 'a question has no answer');
  const { outcome } = await client.order({ op: 'fence', ...about });
  assert.equal(outcome, 'no-answer');
  await client.close();
  const after = (await viewOf(rack))?.refusedOrders['mac'] ?? 0;
  assert.ok(after > before, 'counted as a wrong MAC');
  assertNothingMoved(rack.bench, sinceMs);
}

/** A file without the key of a host: the whole old ring stays, on the board and on the host. */
async function wrongFile(rack: Rack, host: string): Promise<void> {
  const owner: Owner = `host ${host}`;
  const { board, other } = filesOf(rack, owner);
  const good = readFileSync(board, 'utf8');
  const sinceMs = monotonicMs();
  writeFileSync(board, good.replaceAll(`host ${host} `, 'host europa '));
  rack.agent.signal('SIGHUP');
  await rack.agent.waitFor(
    'refused',
    ({ atMs, text }) => atMs > sinceMs && /^reload refused: .*no key of/.test(text),
  );
  const own = readFileSync(other, 'utf8');
  writeFileSync(other, `${own}nonsense\n`);
  await reloadOther(rack, owner);
  const isTold = (): boolean =>
    shimLines(rack, host).some(({ text }) => text.startsWith('keys not taken'));
  await until('the shim says so', isTold, 5_000);
  await pause(deadtimeMs);
  await allBeat(rack, rack.setup.hosts);
  assertNothingMoved(rack.bench, sinceMs);
  writeFileSync(board, good);
  writeFileSync(other, own);
  await reloadBoard(rack);
}

export const keyRotation: Scenario = {
  name: 'key-rotation',
  aboutS: 80,
  run: async (stage) => {
    const setup = onBothPaths(3, await stage.broker());
    const rack = await stage.rack({ ...setup, prepare: withCluster, agentLines: CLUSTER });
    const [one = '', two = '', three = ''] = rack.setup.hosts;
    const tap = await tapOf(rack);
    await stage.promise('three hosts beat', () => allBeat(rack, rack.setup.hosts));
    await stage.promise(
      'every kind of key is changed under load: no beat missed, no order refused',
      () => rotateAll(rack, tap),
    );
    await stage.promise('an order outlives its key, which goes while its host is fenced', () =>
      orderOutlivesKey(rack, three),
    );
    await stage.promise('a file without the key of a host is refused whole', () =>
      wrongFile(rack, one),
    );
    await stage.promise(
      "a host's key is revoked: not heard at once, dead never, back with a new key",
      () => revokeHost(rack, two),
    );
    await stage.promise("an orderer's key is revoked: its next order has no answer", () =>
      revokeOrderer(rack, two),
    );
    await tap.close();
  },
};
