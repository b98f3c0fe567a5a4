/**
 * The judge of a random world: sees every event and every effect, knows the truth, and keeps a list
 * of what must never be. It uses nothing that the core says of itself except its effects.
 */

import { incarnationOf } from '../../../../firmware-agent/core/board.ts';
import type { Answer, Effect, Event } from '../../../../firmware-agent/core/events.ts';
import type { Timer } from '../../../../firmware-agent/core/timer.ts';
import { sameTimer } from '../../../../protocol/wire/timer.ts';
import { isVictimOfBlackout } from './blackout.ts';
import type { Chaos } from './chaos.ts';
import { darkSince, hasPower, type Machine } from './machine.ts';
import { ageOf, freshness } from './radio.ts';
import { machineOf } from './state.ts';

export interface Ledger {
  /** Sentences; none where all went well. */
  broken: string[];
  accepted: Map<string, { host: number; op: string; finals: Answer[] }>;
  /** Fences that an order wanted, by host, until they are over. */
  cuts: number;
  autonomous: number;
  /** Of these, by a timer: as a verdict, and as the host's own standing order. */
  timed: number;
  standing: number;
  pulses: number;
  fenced: number;
  frozen: number;
}

/** Samples lie back by their period, and a lying sense hides the hold-up. */
const SLACK_MS = 120;

/** Starts are 30 s apart, and one cut may follow its start later than the other by J. */
const GAP_MS = 29_000;

/** Orders that cut. */
const CUTTING: ReadonlySet<string> = new Set(['fence', 'off', 'ack']);

/** What the ledger remembers between events. */
interface Memory {
  /** Lives that were cut by verdict, by host. */
  spent: Map<number, Set<number>>;
  /** Hosts that said LEFT and nothing since. */
  left: Set<number>;
  /** Hosts that were told frozen in this life of the agent. */
  frozen: Set<number>;
  /** Fences of this life whose intent went to disk before anything moved. */
  journalled: Set<number>;
  autonomousAt: number;
  /** Hosts that left to go off, and said nothing since. */
  off: Set<number>;
  /** What stood of each host's timer after the event before, as far as nothing may change it. */
  locked: Map<number, Timer>;
  /** Until when a host is in maintenance; the whole board under 0. */
  disabled: Map<number, number>;
}

export function keepLedger(c: Chaos): Ledger {
  const ledger: Ledger = {
    broken: [],
    accepted: new Map(),
    cuts: 0,
    autonomous: 0,
    timed: 0,
    standing: 0,
    pulses: 0,
    fenced: 0,
    frozen: 0,
  };
  const memory: Memory = {
    spent: new Map(),
    left: new Set(),
    frozen: new Set(),
    journalled: new Set(),
    autonomousAt: Number.NEGATIVE_INFINITY,
    off: new Set(),
    locked: new Map(),
    disabled: new Map(),
  };
  c.w.state.watch.push((event, effects) => {
    for (const machine of c.w.state.machines.values()) {
      const lives = c.lives.get(machine.settings.host) ?? [];
      if (!lives.includes(machine.incarnation)) lives.push(machine.incarnation);
      c.lives.set(machine.settings.host, lives);
    }
    noteLosses(ledger, event);
    noteEvent(c, memory, event);
    const isRepeat = event.kind === 'order' && ledger.accepted.has(event.order.cmdId);
    judgeTimers(c, ledger, memory);
    for (const effect of effects) {
      if (effect.kind === 'pulse') ledger.pulses += 1;
      if (effect.kind === 'pulse' && !memory.journalled.has(effect.pulse)) {
        say(c, ledger, `pulse ${effect.pulse} was given without a journalled intent`);
      }
      if (effect.kind === 'journal') memory.journalled.add(effect.fence);
      if (effect.kind === 'cut') judgeCut(c, ledger, memory, effect);
      if (effect.kind === 'restore' && memory.frozen.has(effect.host)) {
        say(c, ledger, `host ${effect.host} is frozen and was restored`);
      }
      if (effect.kind === 'answer') judgeAnswer(c, ledger, effect.answer, isRepeat);
      if (effect.kind === 'news') judgeNews(c, ledger, memory, effect);
    }
  });
  return ledger;
}

function noteEvent(c: Chaos, memory: Memory, event: Event): void {
  if (event.kind === 'start') {
    memory.frozen.clear();
    memory.journalled.clear();
    memory.autonomousAt = Number.NEGATIVE_INFINITY;
    memory.disabled.clear();
    memory.locked.clear();
  }
  if (event.kind !== 'heard' || !('echo' in event.opened)) return;
  const { kind, host, echo } = event.opened;
  // What was said long ago is not believed, a LEFT as little as a beat.
  if (ageOf(c.w.state, echo) > freshness(machineOf(c.w.state, host))) return;
  if (kind === 'left') memory.left.add(host);
  else memory.left.delete(host);
  if (kind === 'left' && event.opened.reason === 'off') memory.off.add(host);
  else memory.off.delete(host);
}

function say(c: Chaos, ledger: Ledger, sentence: string): void {
  ledger.broken.push(`at ${c.w.now.toFixed(0)} ms: ${sentence}`);
}

function judgeCut(
  c: Chaos,
  ledger: Ledger,
  memory: Memory,
  { host, fence: id }: Effect & { kind: 'cut' },
): void {
  ledger.cuts += 1;
  const machine = machineOf(c.w.state, host);
  const fence = c.w.state.process?.board.hosts.get(host)?.fence;
  if (memory.frozen.has(host)) say(c, ledger, `host ${host} is frozen and was cut`);
  if (!memory.journalled.has(id)) say(c, ledger, `fence ${id} cut without a journalled intent`);
  const isFirst = fence?.step.at === 'proving' && fence.step.method === 0;
  const isOrdered = [...ledger.accepted.values()].some(
    (order) => order.host === host && CUTTING.has(order.op) && order.finals.length === 0,
  );
  if (isOrdered || !isFirst) return;
  ledger.autonomous += 1;
  const { deadtimeMs } = machine.settings.timing;
  const byTimer = fence.by.kind === 'timer';
  const isStanding = fence.by.kind === 'timer' && fence.by.standing;
  const least = Math.min(deadtimeMs, ...timesOf(c, host, byTimer));
  for (const [key, at] of isStanding ? [] : c.w.state.freshAt) {
    const sinceMs = c.w.now - at;
    if (!key.startsWith(`${host}:`) || sinceMs >= least) continue;
    say(c, ledger, `host ${host} was cut ${sinceMs.toFixed(0)} ms after a fresh beat (${key})`);
  }
  if (!isStanding && isVictimOfBlackout(c, machine)) {
    say(c, ledger, `host ${host} lives and was cut when the paths of all hosts failed at once`);
  }
  if (byTimer) ledger.timed += 1;
  if (isStanding) ledger.standing += 1;
  if (isStanding && !memory.off.has(host)) judgeStandingOrder(c, ledger, machine);
  for (const at of [0, host]) {
    if (c.w.now >= (memory.disabled.get(at) ?? Number.NEGATIVE_INFINITY)) continue;
    say(c, ledger, `host ${host} was cut by verdict while ${at} was disabled`);
  }
  if (memory.left.has(host) && !(isStanding && memory.off.has(host)))
    say(c, ledger, `host ${host} left and was cut by verdict`);
  const apartMs = c.w.now - memory.autonomousAt;
  if (apartMs < GAP_MS) say(c, ledger, `two verdicts cut within ${apartMs.toFixed(0)} ms`);
  memory.autonomousAt = c.w.now;
  const lives = memory.spent.get(host) ?? new Set();
  if (lives.has(fence.incarnation) && !isStanding) {
    say(c, ledger, `life ${fence.incarnation} of host ${host} was cut twice by verdict`);
  }
  memory.spent.set(host, lives.add(fence.incarnation));
}

/** The times of all timers that were ever wished for a host; none where no timer cut it. */
function timesOf(c: Chaos, host: number, byTimer: boolean): number[] {
  return byTimer ? (c.timers.get(host) ?? []).map(({ timeoutMs }) => timeoutMs) : [];
}

/**
 * Its own kick timer ran out in truth: nothing on it had kicked for that long, kicks aside that
 * are younger than any beat which the board may have heard since.
 */
function judgeStandingOrder(c: Chaos, ledger: Ledger, machine: Machine): void {
  const { host, timing } = machine.settings;
  const youngMs = freshness(machine) + 2 * timing.keepaliveMs + SLACK_MS;
  const kicks = (c.kickedAt.get(host) ?? []).filter((at) => at <= c.w.now - youngMs);
  const sinceMs = c.w.now - (kicks.at(-1) ?? Number.NEGATIVE_INFINITY);
  const wished = (c.timers.get(host) ?? []).filter(({ mode }) => mode === 'kick');
  const least = Math.min(...wished.map(({ timeoutMs }) => timeoutMs));
  if (sinceMs >= least) return;
  say(c, ledger, `host ${host} was cut as by its own order ${sinceMs.toFixed(0)} ms after a kick`);
}

/** S13: what is nowayout stands unchanged until the life is over. */
function judgeTimers(c: Chaos, ledger: Ledger, { locked }: Memory): void {
  for (const [number, host] of c.w.state.process?.board.hosts ?? []) {
    const was = locked.get(number);
    const is = host.timer;
    if (was !== undefined && was.at !== 'off') {
      const same = is.at !== 'off' && sameTimer(is.settings, was.settings);
      const isOver =
        host.ended.some(({ incarnation }) => incarnation === was.incarnation) ||
        incarnationOf(host) !== was.incarnation;
      if (!same && !isOver) say(c, ledger, `the nowayout timer of host ${number} was changed`);
    }
    if (is.at !== 'off' && is.settings.nowayout) locked.set(number, is);
    else locked.delete(number);
  }
}

function judgeAnswer(c: Chaos, ledger: Ledger, answer: Answer, isRepeat: boolean): void {
  const { cmdId, host, outcome, op } = answer;
  const known = ledger.accepted.get(cmdId);
  if (isRepeat) {
    const final = known?.finals[0];
    const same = outcome === (final?.outcome ?? 'accepted') || outcome === 'refused';
    if (!same) say(c, ledger, `order ${cmdId} repeated was answered ${outcome}`);
    return;
  }
  if (outcome === 'accepted') {
    ledger.accepted.set(cmdId, { host, op, finals: [] });
    return;
  }
  known?.finals.push(answer);
  if (known !== undefined && known.finals.length > 1) say(c, ledger, `${cmdId} has two answers`);
  if (host === 0) return;
  const machine = machineOf(c.w.state, host);
  if (outcome === 'done' && CUTTING.has(op) && answer.proof !== 'by-hand')
    judgeDark(c, ledger, machine, `done for ${cmdId}`);
  const isPulse = op === 'reset' || op === 'diag';
  if (outcome === 'done' && isPulse && machine.incarnation === answer.incarnation) {
    say(c, ledger, `${op} ${cmdId} is done, but that life goes on`);
  }
  if (isPulse && answer.proof !== 'none') say(c, ledger, `${op} ${cmdId} claims a proof`);
  const runs = machine.at === 'up' || machine.at === 'hung';
  if (outcome === 'already' && runs && machine.incarnation === answer.incarnation) {
    say(c, ledger, `already for ${cmdId}, but that life goes on`);
  }
}

function judgeNews(
  c: Chaos,
  ledger: Ledger,
  memory: Memory,
  news: Effect & { kind: 'news' },
): void {
  if (news.code === 'maintenance' || news.code === 'disabled') {
    // What is told is in force, whatever the disk makes of it.
    const { host: at = 0 } = news;
    const known = c.w.state.process?.board.hosts.get(at)?.maintenance;
    if (news.over === true) memory.disabled.delete(at);
    else memory.disabled.set(at, known?.untilAt ?? Number.POSITIVE_INFINITY);
  }
  if (news.host === undefined || news.over === true) return;
  if (news.code === 'thawed') memory.frozen.delete(news.host);
  const machine = machineOf(c.w.state, news.host);
  if (news.code === 'fenced') {
    ledger.fenced += 1;
    judgeDark(c, ledger, machine, `fenced (${news.text})`);
  }
  if (news.code === 'crossed') memory.frozen.add(news.host);
  if (news.code !== 'integrity' && news.code !== 'two-lives') return;
  memory.frozen.add(news.host);
  ledger.frozen += 1;
  if (!c.touched.has(news.host))
    say(c, ledger, `host ${news.host} was frozen for nothing: ${news.text}`);
}

function judgeDark(c: Chaos, ledger: Ledger, machine: Machine, what: string): void {
  const since = darkSince(machine);
  const lying = machine.senses.some((sense) => sense.reads);
  const slackMs = SLACK_MS + (lying ? machine.holdUpMs : 0);
  const { offHoldMs } = machine.settings.timing;
  if (since === undefined) say(c, ledger, `${machine.settings.name} has power at ${what}`);
  else if (c.w.now - since < offHoldMs - slackMs) {
    say(c, ledger, `${machine.settings.name} is dark only since ${since.toFixed(0)} at ${what}`);
  }
}

/** What the disk did not know when the agent ended is nobody's promise any more. */
function noteLosses(ledger: Ledger, event: Event): void {
  if (event.kind !== 'start') return;
  const known = new Map(event.durable?.orders.map(({ order, final }) => [order.cmdId, final]));
  for (const [cmdId, { finals }] of ledger.accepted) {
    if (!known.has(cmdId)) ledger.accepted.delete(cmdId);
    else if (known.get(cmdId) === undefined) finals.length = 0;
  }
}

/** What must hold once faults are over and time has passed. */
export function judgeEnd(c: Chaos, ledger: Ledger): void {
  const { process, machines } = c.w.state;
  if (process === undefined) return;
  for (const [cmdId, { finals, op, host }] of ledger.accepted) {
    if (finals.length === 0) say(c, ledger, `${op} ${cmdId} of ${host} has no answer`);
  }
  const standing = [...process.board.alarms.values()];
  for (const machine of machines.values()) {
    const { host, name } = machine.settings;
    // Where contacts lie at the start, the board cannot know that power is missing.
    if (c.liars.get(host) === 'contacts' && c.w.state.life > 1) continue;
    // What cannot be read back is believed to have closed.
    const isBlind = machine.settings.outlets.some(({ readable }) => !readable);
    if (isBlind && (c.touched.has(host) || c.w.state.life > 1)) continue;
    const known = process.board.hosts.get(host);
    const isMeant = known?.fence !== undefined || known?.frozen !== undefined;
    const isTold = standing.some((alarm) => alarm.host === host && alarm.code === 'found-open');
    if (!hasPower(machine) && !isMeant && !isTold) say(c, ledger, `${name} has no power, untold`);
  }
}
