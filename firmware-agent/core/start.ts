/**
 * What the first look after a start means. Nothing moves by inference (section 6).
 *
 * | contacts read      | disk says           | done                                             |
 * |--------------------|---------------------|--------------------------------------------------|
 * | its outlets open   | a fence had not ended | hold anew in full, verify, report, restore     |
 * | all open           | nothing             | left open, alarm `found-open`                    |
 * | some open          | anything else       | closed, `interrupted`                            |
 * | none open          | a fence had not ended | `interrupted`; already reported: only forgotten |
 * | none open          | nothing             | nothing                                          |
 * | none, or some open | it was kept off     | the same, and alarm `off-lost`                   |
 * | one is unknown     | a fence had not ended | nothing moves, alarm `found-open`              |
 * | one is unknown     | it was kept off     | the same, and alarm `off-lost`                   |
 * | none can be read, senses off | a fence had cut | hold anew in full, verify, report, restore |
 * | none can be read   | a fence had cut     | closed, `interrupted`                            |
 *
 * "Its outlets" are those that the fence had told to open. Power is read anew; only that a sense
 * was seen on before the cut is taken from disk, as a drill's result would be.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { type Code, type News, raise } from './alarms.ts';
import { settle } from './answers.ts';
import type { Board, Host } from './board.ts';
import { awake } from './clock.ts';
import type { Durable, DurableFence } from './durable.ts';
import type { Answer, Effect, Event } from './events.ts';
import type { Fence, FenceStep } from './fence-state.ts';
import { freeze } from './freeze.ts';
import { INTERRUPTED_MAX, INTERRUPTED_WINDOW_MS, STARTS_MAX, STARTS_WINDOW_MS } from './limits.ts';
import { newRecord } from './record.ts';
import { maintain, tellDisabled } from './standstill.ts';
import { rememberTimer } from './timer-run.ts';
import { tell } from './words.ts';

export function start(board: Board, event: Event & { kind: 'start' }, now: Instant): Effect[] {
  board.started = true;
  board.wallOffsetMs = event.wallMs - now;
  const { durable, lastId = 0 } = event;
  // Whatever the disk lost, one number is one fence.
  board.nextFence = Math.max(board.nextFence, durable?.nextFence ?? 0, lastId + 1);
  const effects: Effect[] = [
    { kind: 'news', level: 'info', code: 'started', text: 'guarding begins' },
  ];
  if (event.amnesia !== undefined) effects.push(...amnesia(board, event.amnesia, now));
  if (durable !== undefined) recall(board, durable, now, effects);
  if (durable !== undefined) effects.push(...recallStandstill(board, durable, event.wallMs, now));
  for (const host of board.hosts.values()) {
    const unfinished = durable?.fences.find((fence) => fence.host === host.settings.host);
    effects.push(...firstLook(board, host, { unfinished, wallMs: event.wallMs }, now));
  }
  for (const [cmdId, stored] of board.orders) {
    const waits = [...board.hosts.values()].some((host) => host.fence?.orders.includes(cmdId));
    if (stored.final === undefined && !waits) {
      effects.push(...settle(board, cmdId, { outcome: 'interrupted', proof: 'none', detail: '' }));
    }
  }
  const starts = [...(durable?.startsWallMs ?? []), event.wallMs];
  const recent = starts.filter((wallMs) => Math.abs(event.wallMs - wallMs) < STARTS_WINDOW_MS);
  if (recent.length >= STARTS_MAX) effects.push(...restarting(board, recent.length, now));
  effects.push({ kind: 'save' });
  return effects;
}

function recall(board: Board, durable: Durable, now: Instant, effects: Effect[]): void {
  for (const { order, final } of durable.orders) {
    board.orders.set(order.cmdId, { order, at: now, ...(final === undefined ? {} : { final }) });
  }
  for (const { host: number, incarnation } of durable.left) {
    const host = board.hosts.get(number);
    // What was heard since the process began is younger than what the disk says.
    if (host?.life.at !== 'absent') continue;
    host.life = { at: 'left', incarnation, since: awake(board.clock, now) };
  }
  for (const { host: number, wallMs } of durable.interrupted) {
    const host = board.hosts.get(number);
    if (host !== undefined) host.interruptedWallMs = wallMs;
  }
  for (const { host: number, incarnation } of durable.timers ?? []) {
    const host = board.hosts.get(number);
    if (host !== undefined) effects.push(...rememberTimer(board, host, incarnation, now));
  }
  for (const { host: number, kind } of durable.pulses ?? []) {
    const host = board.hosts.get(number);
    const text = `the agent restarted while a ${kind} pulse of it ran; nobody knows what came of it`;
    if (host !== undefined) effects.push(tell(host, 'alarm', 'interrupted', text));
  }
  for (const { host: number, ...tested } of durable.tested ?? []) {
    const host = board.hosts.get(number);
    if (host !== undefined && tested.wiring === (host.settings.wiring ?? '')) host.tested = tested;
  }
  for (const { host: number, why } of durable.frozen) {
    const text = `was frozen before the restart: ${why}`;
    const remedy = 'find out which machine has power before you trust this host again';
    effects.push(...raise(board.alarms, { host: number, code: 'was-frozen', text, remedy }, now));
  }
}

/** Disk may forbid (S7): what was not to be fenced before the start is not to be fenced after it. */
function recallStandstill(board: Board, durable: Durable, wallMs: number, now: Instant): Effect[] {
  if (durable.disabled !== undefined) board.disabled = durable.disabled;
  const effects = tellDisabled(board, now);
  for (const { host: number, untilWallMs, ...asked } of durable.maintenance) {
    const host = board.hosts.get(number);
    // A wall clock that was set meanwhile neither prolongs it nor makes it end in the past.
    const leftMs = Math.min(Math.max(0, untilWallMs - wallMs), asked.forMs);
    if (host === undefined) continue;
    effects.push(...maintain(board, host, { ...asked, untilAt: now + leftMs }, now));
  }
  return effects;
}

interface Memory {
  unfinished: DurableFence | undefined;
  wallMs: number;
}

function firstLook(board: Board, host: Host, memory: Memory, now: Instant): Effect[] {
  const { unfinished } = memory;
  const readable = host.settings.outlets.flatMap((outlet, i) => (outlet.readable ? [i] : []));
  const isOpen = (outlet: number): boolean => host.power.contacts[outlet]?.value === 'open';
  const isRead = readable.every((outlet) => host.power.contacts[outlet]?.value !== 'unknown');
  const open = readable.filter(isOpen);
  if (!isRead && (open.length > 0 || unfinished !== undefined)) {
    const lost = unfinished === undefined ? [] : offLost(board, unfinished, 'nobody knows', now);
    return [...lost, ...foundOpen(board, host, 'not all of its outlets could be read', now)];
  }
  if (unfinished !== undefined) {
    // The configuration may have lost outlets since.
    const outlets = unfinished.outlets.filter((outlet) => outlet in host.settings.outlets);
    const its = outlets.length > 0 ? outlets : readable;
    if (looksOff(host, its)) return holdAnew(board, host, { ...unfinished, outlets }, now);
    // What cannot be read back was told to open, and nobody else would ever tell it to close.
    if (its.some((outlet) => !readable.includes(outlet))) return closeAll(board, host, memory, now);
  }
  if (open.length > 0 && open.length < readable.length) return closeAll(board, host, memory, now);
  if (open.length > 0) {
    return foundOpen(board, host, 'its outlets were found open and nobody knows why', now);
  }
  if (unfinished === undefined) return [];
  const lost = offLost(board, unfinished, 'it has power', now);
  if (unfinished.reported) return lost;
  return [...lost, ...interrupted(board, host, unfinished, { wallMs: memory.wallMs, now })];
}

/** Whoever kept it off, and may be working on it, must hear that it has, or may have, power again. */
function offLost(
  board: Board,
  { host, keptBy, outlets }: DurableFence,
  power: 'it has power' | 'nobody knows',
  now: Instant,
): Effect[] {
  if (keptBy === undefined || outlets.length === 0) return [];
  const then =
    power === 'it has power'
      ? 'and has power since the board was away'
      : 'and since the board was away nobody knows whether it still is';
  const text = `kept off by ${keptBy}, ${then}`;
  const remedy = 'order `off` again, or `on` if it may stay on';
  const alarm = { host, code: 'off-lost', text, remedy } as const;
  return [...tellHolder(board, host, keptBy), ...raise(board.alarms, alarm, now)];
}

/** Under the number of his own order, whose answer is not true any more; before anybody else. */
function tellHolder(board: Board, number: number, keptBy: string): Effect[] {
  const ofLock = [...board.orders.values()].filter(
    ({ order, final }) =>
      order.host === number &&
      order.op === 'off' &&
      order.from.name === keptBy &&
      final?.outcome === 'done',
  );
  return ofLock.slice(-1).map((stored) => {
    const answer: Answer = {
      ...(stored.final as Answer),
      ...{ outcome: 'interrupted', proof: 'none', untested: false, detail: 'off-lost' },
      tick: board.ticks.latest,
    };
    board.orders.set(stored.order.cmdId, { ...stored, final: answer });
    return { kind: 'answer', answer };
  });
}

/** Whether these outlets are open by their contacts, or by all senses where none can be read. */
function looksOff(host: Host, outlets: readonly number[]): boolean {
  const { contacts, senses } = host.power;
  const known = outlets.filter((outlet) => host.settings.outlets[outlet]?.readable);
  if (known.length > 0) return known.every((outlet) => contacts[outlet]?.value === 'open');
  return outlets.length > 0 && senses.length > 0 && senses.every(({ value }) => value === 'off');
}

function foundOpen(board: Board, host: Host, text: string, now: Instant): News[] {
  const remedy = 'give it power with `fencepost on`, or leave it off';
  return raise(board.alarms, { host: host.settings.host, code: 'found-open', text, remedy }, now);
}

/** Its power is still off: what was read in another life is not believed, so all is held anew. */
function holdAnew(board: Board, host: Host, unfinished: DurableFence, now: Instant): Effect[] {
  const outlets = unfinished.outlets.length > 0 ? unfinished.outlets : host.methods.flat();
  // No further method is tried: after a restart nothing is cut that was not cut before.
  const method = host.methods.length - 1;
  const { stalledMs } = board.clock;
  const step: FenceStep = { at: 'proving', method, outlets, cutAt: now, stalledMs };
  const fence = fenceOf(board, unfinished, step, now);
  const senses = host.power.senses.map((sense, i) =>
    unfinished.seenOn[i] === true ? { ...sense, seenOn: true } : sense,
  );
  host.power = { ...host.power, senses };
  host.fence = fence;
  host.record = newRecord(host, fence, []);
  return [
    ...interruptedRecord(host, unfinished),
    tell(host, 'warning', 'interrupted', 'found off in mid-fence: held anew'),
  ];
}

function fenceOf(board: Board, unfinished: DurableFence, step: FenceStep, now: Instant): Fence {
  board.nextFence += 1;
  const waiting = unfinished.orders.filter((id) => board.orders.get(id)?.final === undefined);
  return {
    id: board.nextFence - 1,
    incarnation: unfinished.incarnation,
    by: { kind: 'restart' },
    startedAt: now,
    orders: waiting,
    ...(unfinished.keptBy === undefined ? {} : { keptBy: unfinished.keptBy }),
    proof: 'none',
    unlogged: false,
    step,
  };
}

/** Some outlets are open and some are not: nobody can say what was wanted, so power comes back. */
function closeAll(board: Board, host: Host, memory: Memory, now: Instant): Effect[] {
  const known = memory.unfinished ?? {
    host: host.settings.host,
    incarnation: 0,
    orders: [],
    reported: true,
    outlets: [],
    seenOn: [],
  };
  const { keptBy: _, ...released } = fenceOf(board, known, { at: 'due', since: now }, now);
  host.fence = { ...released, orders: [] };
  const lost = offLost(board, known, 'it has power', now);
  return [...lost, ...interrupted(board, host, known, { wallMs: memory.wallMs, now })];
}

function interrupted(
  board: Board,
  host: Host,
  known: DurableFence,
  { wallMs, now }: { wallMs: number; now: Instant },
): Effect[] {
  const result = { outcome: 'interrupted', proof: 'none', detail: 'agent restart' } as const;
  const answers = known.orders.flatMap((cmdId) => settle(board, cmdId, result, known.incarnation));
  const isRecent = (atMs: number): boolean => Math.abs(wallMs - atMs) < INTERRUPTED_WINDOW_MS;
  host.interruptedWallMs = [...host.interruptedWallMs.filter(isRecent), wallMs];
  const tooOften = host.interruptedWallMs.length >= INTERRUPTED_MAX;
  return [
    ...answers,
    ...interruptedRecord(host, known),
    tell(host, 'alarm', 'interrupted', 'the agent restarted in mid-fence; nothing is proven'),
    ...(tooOften
      ? freeze(board, host, 'interrupted', 'three of its fences were interrupted', now)
      : []),
  ];
}

/** All that is left to say of a fence, unless its own record was saved before the restart. */
function interruptedRecord(
  { settings }: Host,
  { id, by, incarnation, reported }: DurableFence,
): Effect[] {
  if (reported || id === undefined || by === undefined) return [];
  const reason = 'the agent restarted in mid-fence';
  const entries = [{ atMs: 0, what: 'found unfinished when the agent started; it began before' }];
  const known = { id, host: settings.name, incarnation, by, evidence: [], entries };
  return [{ kind: 'record', record: { ...known, outcome: 'interrupted', reason, proof: 'none' } }];
}

function amnesia(board: Board, why: string, now: Instant): News[] {
  const text = `nothing is remembered from before the start: ${why}`;
  const remedy = 'look at the storage; locks, orders and interrupted fences were forgotten';
  return boardAlarm(board, 'amnesia', text, remedy, now);
}

function restarting(board: Board, count: number, now: Instant): News[] {
  const text = `started ${count} times within ten minutes`;
  return boardAlarm(board, 'restarting', text, 'look at the log for why it ends', now);
}

export function boardAlarm(
  board: Board,
  code: Code,
  text: string,
  remedy: string,
  now: Instant,
): News[] {
  return raise(board.alarms, { code, text, remedy }, now);
}
