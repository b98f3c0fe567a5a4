/** Pulses: recorded before they are given, done by a new life alone, and never called a fence. */
import { type Pulse, type PulseEvent, stepPulse } from '../../../firmware-agent/core/pulse.ts';
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';
import { guarded, SECOND } from './world/settings.ts';
import { differences, readTable, type Tried } from './world/table.ts';
import { type World, world } from './world/world.ts';

const test = suite('pulses');
const TABLE = readTable('firmware-agent/core/pulse.ts');
const NOW = 100_000;
const INITDEAD_MS = 30_000;

const pulse = (step: Pulse['step'], isConfirmed = true): Pulse => ({
  id: 1,
  kind: 'reset',
  by: 'ops',
  orders: ['a'],
  incarnation: 7,
  isConfirmed,
  step,
});
const INTENT = { at: 'intent', since: NOW - 100 } as const;
const LATE = { at: 'intent', since: NOW - 500 } as const;
const WAITING = { at: 'waiting', sinceAwake: NOW - 100 } as const;
const OVER = { at: 'waiting', sinceAwake: NOW - INITDEAD_MS } as const;

const CASES: [guard: string, was: Pulse, kind: PulseEvent['kind'], mayAct: boolean][] = [
  ['may act', pulse(INTENT), 'journalled', true],
  ['may act, nobody waits', pulse(INTENT, false), 'journalled', true],
  ['may not act', pulse(INTENT), 'journalled', false],
  ['', pulse(INTENT), 'tick', true],
  ['may not act', pulse(INTENT), 'tick', false],
  ['J is over, may act', pulse(LATE), 'tick', true],
  ['J is over, may act, nobody waits', pulse(LATE, false), 'tick', true],
  ['', pulse(INTENT), 'reborn', true],
  ['', pulse(INTENT), 'overtaken', true],
  ['', pulse(WAITING), 'journalled', true],
  ['', pulse(WAITING), 'reborn', true],
  ['no life was known before', { ...pulse(WAITING), incarnation: 0 }, 'reborn', true],
  ['', pulse(WAITING), 'tick', true],
  ['initdead is over', pulse(OVER), 'tick', true],
  ['', pulse(WAITING), 'overtaken', true],
];

test('every pair of step and event does what the table says, and nothing else', () => {
  const tried: Tried[] = CASES.map(([guard, was, kind, mayAct]) => {
    const scene = { now: NOW, nowAwake: NOW, mayAct, initdeadMs: INITDEAD_MS };
    const { pulse: after, deeds } = stepPulse(was, { kind }, scene);
    const next = after?.step.at ?? 'ended';
    return { state: was.step.at, event: kind, guard, next, deeds: deeds.join(', ') };
  });
  assert.equal(differences(TABLE, tried), []);
  assert.is(new Set(CASES.map(([, was, kind]) => `${was.step.at} ${kind}`)).size, 2 * 4);
});

function rack(): World {
  const pulses: HostSettings['pulses'] = [
    { name: 'button', kind: 'reset' },
    { name: 'nmi', kind: 'diag' },
  ];
  const more = {
    delayMs: { serial: 20, mqtt: 50 },
    times: { initdeadMs: INITDEAD_MS },
    pulses,
  };
  const w = world({ hosts: [guarded(1, 'alpha', more), guarded(2, 'beta', more)] });
  w.run(10 * SECOND);
  return w;
}

const finals = (w: World, id: string) =>
  w.answers(id).map(({ outcome, proof, detail }) => `${outcome} ${proof} ${detail}`.trim());

test('a reset is journalled before it is given, and done only when a new life is heard', () => {
  const w = rack();
  const id = w.order({ op: 'reset', host: 'alpha' });
  const given = w.until('pulse', ({ kind }) => kind === 'pulse', SECOND);
  const journal = w.told(({ kind }) => kind === 'journal')[0];
  assert.ok(journal !== undefined && journal.at < given.at);
  w.run(19 * SECOND);
  assert.equal(finals(w, id), ['accepted none'], 'it boots, and nothing is said');
  w.run(5 * SECOND);
  assert.equal(finals(w, id), ['accepted none', 'done none new life']);
  assert.equal([w.cuts(), w.news('fenced')], [[], []]);
});

test('a reset that waited for the disk past its ttl is not given', () => {
  const w = rack();
  w.state.disk.works = false;
  const id = w.order({ op: 'reset', host: 'alpha', ttlMs: 300 });
  w.run(2 * SECOND);
  assert.equal(finals(w, id), ['accepted none', 'expired none']);
  assert.is(w.told(({ kind }) => kind === 'pulse').length, 0);
});

test('a reset is not given to a life that began after it was ordered', () => {
  const w = rack();
  w.state.disk.delayMs = 400;
  const id = w.order({ op: 'reset', host: 'alpha' });
  const about = { host: 1, channel: 'serial', incarnation: 4_711, session: 1, seq: 1 } as const;
  const echo = w.state.process?.board.ticks.latest ?? 0;
  w.give({
    kind: 'heard',
    opened: { kind: 'beat', ...about, echo, flags: 0, bytes: new Uint8Array() },
  });
  w.run(SECOND);
  assert.equal(finals(w, id), ['accepted none', 'expired none']);
  assert.is(w.told(({ kind }) => kind === 'pulse').length, 0);
});

test('while all fencing is disabled no pulse is taken, and none that waits is given', () => {
  const w = rack();
  w.state.disk.delayMs = 400;
  const waiting = w.order({ op: 'reset', host: 'alpha' });
  w.run(100);
  w.order({ op: 'disable', host: '' });
  const late = w.order({ op: 'reset', host: 'beta' });
  w.run(5 * SECOND);
  assert.is(finals(w, waiting).at(-1), 'expired none');
  assert.equal(finals(w, late), ['refused none disabled']);
  assert.is(w.told(({ kind }) => kind === 'pulse').length, 0);
});

test('a host that boots longer than its deadtime after a pulse is not cut for it', () => {
  const w = rack();
  w.machine('alpha').bootMs = 200 * SECOND;
  const id = w.order({ op: 'reset', host: 'alpha' });
  w.run(180 * SECOND);
  assert.equal(finals(w, id), ['accepted none', 'failed none no new life']);
  assert.equal(w.cuts(), []);
  assert.is(w.news('unconfirmed', 'alpha').length, 1);
  w.run(60 * SECOND);
  assert.ok(w.state.process?.board.alarms.has('1:absent') === false, 'it is back');
});

test('a pulse on a dead line is failed, and the host lives on guarded', () => {
  const w = rack();
  w.machine('alpha').lines = 'dead';
  const id = w.order({ op: 'diag', host: 'alpha' });
  w.run(INITDEAD_MS + SECOND);
  assert.equal(finals(w, id), ['accepted none', 'failed none no new life']);
  w.hang('alpha');
  w.untilNews('fenced', 'alpha', 40 * SECOND);
});

test('whoever was not heard before a pulse may have lived all the while: its beats confirm nothing', () => {
  const w = rack();
  w.machine('alpha').lines = 'dead';
  for (const channel of ['serial', 'mqtt'] as const) w.cable('alpha', channel, 'broken');
  w.crash();
  w.start();
  w.run(2 * SECOND);
  const cmdId = w.order({ op: 'reset', host: 'alpha' });
  w.run(SECOND);
  for (const channel of ['serial', 'mqtt'] as const) w.cable('alpha', channel, 'whole');
  w.run(5 * SECOND);
  assert.equal(finals(w, cmdId), ['accepted none', 'failed none no new life']);
});

test('no pulse is given to a victim, to a frozen host, or beside another', () => {
  const w = rack();
  const first = w.order({ op: 'reset', host: 'alpha' });
  const second = w.order({ op: 'diag', host: 'alpha' });
  assert.equal(finals(w, second), ['busy none a pulse runs']);
  w.run(SECOND);
  const fence = w.order({ op: 'fence', host: 'alpha' });
  assert.equal(finals(w, first), ['accepted none', 'failed none power switched']);
  assert.equal(finals(w, w.order({ op: 'reset', host: 'alpha' })), ['busy none a fence runs']);
  w.run(15 * SECOND);
  assert.equal(finals(w, fence), ['accepted none', 'done verified']);
});

test('a pulse that a restart of the agent interrupts is told so, and not given again', () => {
  const w = rack();
  const id = w.order({ op: 'reset', host: 'alpha' });
  w.run(SECOND);
  w.crash();
  w.start();
  w.run(60 * SECOND);
  assert.equal(finals(w, id), ['accepted none', 'interrupted none']);
  assert.is(w.told(({ kind }) => kind === 'pulse').length, 1);
});

const RESET: TimerSettings = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: false,
  action: 'reset',
  preAction: 'diag',
  timeoutMs: 12_000,
  pretimeoutMs: 4_000,
};

test('a timer gives its interrupt at the pre-timeout and its reset at the expiry', () => {
  const w = rack();
  w.machine('alpha').lines = 'dead';
  w.arm('alpha', RESET);
  const armedAt = w.now;
  w.run(30 * SECOND);
  const pulses = w.told(({ kind }) => kind === 'pulse');
  const lines = pulses.map(({ effect }) => (effect.kind === 'pulse' ? effect.line : undefined));
  assert.equal(lines, [1, 0]);
  const [diagMs, resetMs] = pulses.map(({ at }) => at - armedAt) as [number, number];
  assert.ok(diagMs >= 8_000 && diagMs <= 9_150, `${diagMs} ms`);
  assert.ok(resetMs >= 12_000 && resetMs <= 13_150, `${resetMs} ms`);
});

test('a reset by its timer spends the autonomous budget, the interrupt before it nothing', () => {
  const w = rack();
  w.machine('alpha').lines = 'dead';
  w.arm('alpha', RESET);
  const { board } = w.state.process ?? {};
  const spent = () => [board?.verdictsAt.length, board?.hosts.get(1)?.verdictsAt.length];
  w.until('pulse', ({ kind }) => kind === 'pulse', 10 * SECOND);
  assert.equal(spent(), [0, 0]);
  w.until('pulse', ({ kind }) => kind === 'pulse', 10 * SECOND);
  assert.equal(spent(), [1, 1]);
});

test('a kick between the expiry and its pulse calls it off', () => {
  const w = rack();
  w.arm('alpha', { ...RESET, preAction: 'none', pretimeoutMs: 0 });
  w.state.disk.delayMs = 400;
  w.untilNews('timer-expired', 'alpha', 13 * SECOND);
  w.kick('alpha');
  w.run(5 * SECOND);
  assert.equal(
    w.told(({ kind }) => kind === 'pulse'),
    [],
  );
});

test.run();
