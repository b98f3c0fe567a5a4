/**
 * The proof by timeout, in the small world: when it may be said, of which life, and what forbids it.
 * The host pledged S = 30 s and a watchdog of 10 s; it beats once a second.
 */
import { expiryOf } from '../../../firmware-agent/core/by-timeout.ts';
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { PLEDGE } from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('by timeout');

const ALL = PLEDGE.hardware | PLEDGE.nowayout | PLEDGE.boardAlone;
/** (S + 2 * T_hw) * (1 + 2 * 0.1 %), and then 2 K. */
const WAIT_MS = 50_100 + 2_000;
const TICK_MS = 50;

const bare: Partial<HostSettings> = {
  proof: 'by-timeout',
  outlets: [],
  senses: [],
  delayMs: { serial: 20, mqtt: 50 },
};

/** Two hosts that have beaten for ten seconds; the first has pledged with these flags. */
function rack(flags: number | undefined = ALL, differs: Partial<HostSettings> = {}): World {
  const hosts = [guarded(1, 'alpha', { ...bare, ...differs }), guarded(2, 'beta', bare)];
  const w = world({ hosts, started: false });
  if (flags !== undefined) {
    w.machine('alpha').pledge = { timeout: 300, watchdog: 100, flags };
  }
  w.start();
  w.run(10 * SECOND);
  return w;
}

/** When its last word was received. */
function lastWordAt(w: World): number {
  const heard = w.state.process?.board.hosts.get(1)?.heard.at(-1);
  assert.ok(heard !== undefined);
  return heard?.at ?? Number.NaN;
}

const fencedAt = (w: World): number | undefined => w.news('fenced', 'alpha')[0]?.at;
const retired = (w: World): number[] =>
  w.told((e) => e.kind === 'retire' && e.host === 1).map(({ at }) => at);

/** It forgets its sessions, as a shim does that misses the ALIVEs, and knocks. */
function knocks(w: World): void {
  for (const channel of ['serial', 'mqtt'] as const) delete w.path('alpha', channel).session;
}

/** It has restarted, and its shim runs. */
function reboots(w: World): void {
  const machine = w.machine('alpha');
  Object.assign(machine, { incarnation: machine.incarnation + 100, start: machine.start + 1 });
  machine.at = 'up';
  knocks(w);
}

test('a frozen host without outlets is fenced when its lease and twice its watchdog have run out', () => {
  const w = rack();
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  const heardAt = lastWordAt(w);
  w.untilNews('waiting', 'alpha', SECOND);
  assert.ok(retired(w).length > 0, 'its keys go first');
  w.run(90 * SECOND);
  const afterMs = (fencedAt(w) ?? Number.NaN) - heardAt;
  assert.ok(afterMs >= WAIT_MS && afterMs <= WAIT_MS + 2 * TICK_MS, `${afterMs} ms`);
  const records = w.told((e) => e.kind === 'record').map(({ effect }) => effect);
  const last = records.at(-1);
  assert.is(last?.kind === 'record' && last.record.proof, 'by-timeout');
  assert.is(w.cuts().length, 0);
  assert.is(w.told((e) => e.kind === 'restore').length, 0);
});

test('without a whole pledge the fence fails and says what is missing, and no key is destroyed', () => {
  const cases: [number | undefined, string][] = [
    [undefined, 'not-pledged'],
    [ALL & ~PLEDGE.hardware, 'softdog'],
    [ALL & ~PLEDGE.nowayout, 'no-nowayout'],
    [ALL & ~PLEDGE.boardAlone, 'not-alone'],
  ];
  for (const [flags, reason] of cases) {
    const w = rack(ALL);
    w.machine('alpha').pledge = { timeout: 300, watchdog: 100, flags: flags ?? 0 };
    if (flags === undefined) delete w.machine('alpha').pledge;
    knocks(w);
    w.run(5 * SECOND);
    const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
    w.run(SECOND);
    const { outcome, detail } = w.answers(cmdId).at(-1) ?? {};
    assert.equal([outcome, detail], ['failed', reason]);
    w.hang('alpha');
    w.untilNews('dead', 'alpha', 20 * SECOND);
    w.run(100 * SECOND);
    assert.equal([fencedAt(w), retired(w).length], [undefined, 0], reason);
    assert.is(w.news('dead', 'alpha').length, 1, 'a life is tried once');
  }
});

test('a session that has pledged nothing, of whatever shim, forbids it', () => {
  const w = rack();
  delete w.machine('alpha').pledge;
  delete w.path('alpha', 'mqtt').session;
  w.run(3 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(SECOND);
  assert.is(w.answers(cmdId).at(-1)?.detail, 'not-pledged');
});

test('a host that says another agent claims it is not proven dead: that one may answer it', () => {
  const w = rack();
  w.machine('alpha').twoAgents = true;
  w.run(3 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(SECOND);
  assert.is(w.answers(cmdId).at(-1)?.detail, 'two-agents');
});

test('a healthy host is fenced by order: unheard from then on, it may knock until its lease ends', () => {
  const w = rack();
  const heardAt = lastWordAt(w);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.untilNews('waiting', 'alpha', SECOND);
  for (let i = 0; i < 30; i += 1) {
    knocks(w);
    w.run(SECOND);
  }
  w.hang('alpha');
  w.run(40 * SECOND);
  const answer = w.answers(cmdId).at(-1);
  assert.equal([answer?.outcome, answer?.proof], ['done', 'by-timeout']);
  const afterMs = (fencedAt(w) ?? Number.NaN) - heardAt;
  assert.ok(afterMs >= WAIT_MS && afterMs < WAIT_MS + 2 * SECOND, `${afterMs} ms`);
  assert.is(w.news('integrity').length, 0);
});

test('the wait counts from the last word that was accepted, however stale it was', () => {
  const w = rack();
  w.hoard('alpha', 'serial');
  w.cable('alpha', 'mqtt', 'broken');
  w.run(5 * SECOND);
  w.hang('alpha');
  // Older than F, all of them.
  w.run(6 * SECOND);
  w.release('alpha', 'serial');
  const heardAt = w.now;
  w.untilNews('fenced', 'alpha', 120 * SECOND);
  assert.ok(w.now - heardAt >= WAIT_MS, `${w.now - heardAt} ms`);
});

test('the own sleep of the board is added to the wait: a clock that leaps shortens nothing', () => {
  const w = rack();
  w.hang('alpha');
  w.untilNews('waiting', 'alpha', 30 * SECOND);
  const heardAt = lastWordAt(w);
  w.stall(20 * SECOND);
  w.untilNews('fenced', 'alpha', 120 * SECOND);
  assert.ok(w.now - heardAt >= WAIT_MS + 19 * SECOND, `${w.now - heardAt} ms`);
});

test('who knocks after the time is over fails the fence, or freezes what was reported', () => {
  for (const [lateMs, code] of [
    [0, 'failed'],
    [5 * SECOND, 'integrity'],
  ] as const) {
    const w = rack();
    const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
    w.untilNews('waiting', 'alpha', SECOND);
    const machine = w.machine('alpha');
    machine.at = 'hung';
    w.run(49 * SECOND + lateMs);
    machine.at = 'up';
    knocks(w);
    w.run(5 * SECOND);
    assert.is(w.news(code, 'alpha').length, 1, code);
    assert.is(w.news('fenced', 'alpha').length, code === 'failed' ? 0 : 1);
    const outcome = code === 'failed' ? 'failed' : 'done';
    assert.is(w.answers(cmdId).at(-1)?.outcome, outcome);
  }
});

test('another life neither shortens the wait nor is ended by it', () => {
  const w = rack();
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.untilNews('waiting', 'alpha', SECOND);
  const heardAt = lastWordAt(w);
  w.machine('alpha').at = 'hung';
  w.run(40 * SECOND);
  reboots(w);
  w.run(5 * SECOND);
  assert.is(w.news('reborn', 'alpha').length, 1);
  const another = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  const off = w.order({ op: 'off', host: 'alpha', by: 'operator' });
  assert.equal(
    [another, off].map((id) => w.answers(id).at(-1)?.outcome),
    ['busy', 'refused'],
  );
  w.untilNews('fenced', 'alpha', 30 * SECOND);
  assert.ok(w.now - heardAt >= WAIT_MS);
  assert.is(w.answers(cmdId).at(-1)?.outcome, 'done');
  w.run(60 * SECOND);
  assert.equal([w.news('integrity').length, w.news('dead', 'alpha').length], [0, 0]);
  const next = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.machine('alpha').at = 'hung';
  w.run(60 * SECOND);
  assert.is(w.answers(next).at(-1)?.outcome, 'done');
});

test('an order for whatever has power fails where a life is found that may have been there', () => {
  const w = rack();
  const { incarnation } = w.machine('alpha');
  w.hang('alpha');
  w.run(10 * SECOND);
  const whatever = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  const its = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation });
  w.run(20 * SECOND);
  reboots(w);
  w.run(40 * SECOND);
  const ends = [whatever, its].map((id) => w.answers(id).at(-1));
  assert.equal(
    ends.map((end) => [end?.outcome, end?.detail]),
    [
      ['failed', 'lives anew'],
      ['done', ''],
    ],
  );
});

test('so it does where that life has left, and is missed by now', () => {
  const w = rack(ALL, { timing: { ...guarded(1, 'alpha').timing, initdeadMs: 16 * SECOND } });
  w.hang('alpha');
  w.run(10 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(10 * SECOND);
  reboots(w);
  w.run(3 * SECOND);
  w.leave('alpha', 'left');
  w.machine('alpha').at = 'hung';
  w.untilNews('fenced', 'alpha', 60 * SECOND);
  assert.is(w.state.process?.board.hosts.get(1)?.life.at, 'absent');
  assert.is(w.answers(cmdId).at(-1)?.outcome, 'failed');
});

test('a host without outlets cannot be kept off, given power, or drilled', () => {
  const w = rack();
  const detail = (id: string): string | undefined => w.answers(id).at(-1)?.detail;
  for (const op of ['off', 'on'] as const)
    assert.is(detail(w.order({ op, host: 'alpha', by: 'operator' })), 'no outlets');
  const drill = w.order({ op: 'fence', host: 'alpha', by: 'operator', args: { drill: true } });
  assert.is(detail(drill), 'no outlets');
});

test('what another life pledged proves nothing of this one', () => {
  const w = rack();
  const host = w.state.process?.board.hosts.get(1);
  assert.ok(host?.lease !== undefined);
  if (host?.lease === undefined) return;
  const { incarnation } = host.lease;
  assert.ok('overAwake' in expiryOf(host, incarnation));
  assert.equal(expiryOf(host, incarnation + 1), { why: 'not-pledged' });
});

test('after LEFT nothing is known of a lease any more', () => {
  const w = rack();
  w.leave('alpha', 'left');
  w.run(SECOND);
  assert.is(w.state.process?.board.hosts.get(1)?.lease, undefined);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(SECOND);
  assert.is(w.answers(cmdId).at(-1)?.detail, 'not-pledged');
});

test('where outlets fail it is waited for, and they are closed again', () => {
  const { outlets, senses } = guarded(1, 'alpha');
  const w = rack(ALL, { outlets, senses });
  const [relay] = w.machine('alpha').relays;
  if (relay !== undefined) relay.fault = 'welded';
  w.hang('alpha');
  w.untilNews('cut', 'alpha', 30 * SECOND);
  w.untilNews('waiting', 'alpha', 30 * SECOND);
  w.untilNews('fenced', 'alpha', 90 * SECOND);
  w.untilNews('restored', 'alpha', 30 * SECOND);
  assert.is(w.news('integrity').length, 0);
});

test('an autonomous fence is averted by a beat before the keys are destroyed, and not after', () => {
  const w = rack();
  w.state.disk.works = false;
  w.cable('alpha', 'serial', 'broken');
  w.cable('alpha', 'mqtt', 'broken');
  w.untilNews('dead', 'alpha', 30 * SECOND);
  for (const channel of ['serial', 'mqtt'] as const) w.cable('alpha', channel, 'whole');
  w.run(1_200);
  assert.equal([w.news('averted', 'alpha').length, retired(w).length], [0, 1]);
  w.run(60 * SECOND);
  assert.is(w.news('fenced', 'alpha').length, 1);
});

test.run();
