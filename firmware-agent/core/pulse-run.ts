/** Runs a host's pulse a step further and turns its deeds into effects; pulse.ts is the machine. */
import type { Instant } from '../../protocol/wire/instant.ts';
import { ageOf } from '../../protocol/wire/ticks.ts';
import { clear, raise } from './alarms.ts';
import { settle } from './answers.ts';
import { unreachable } from './assert.ts';
import { type Board, endLife, type Host, incarnationOf } from './board.ts';
import { awake } from './clock.ts';
import type { Effect } from './events.ts';
import { forgetLife } from './forget-life.ts';
import { FENCE_BUDGET_WINDOW_MS } from './limits.ts';
import { type Pulse, type PulseDeed, type PulseEvent, stepPulse } from './pulse.ts';
import { stepTimer } from './timer.ts';
import { dueOf } from './timer-due.ts';
import { forgetSilence, tell } from './words.ts';

export type PulseWish = Pick<Pulse, 'kind' | 'by' | 'orders' | 'isConfirmed'>;

/** Starts a pulse for the life that is there now; the intent goes to disk first (S8). */
export function beginPulse(board: Board, host: Host, wish: PulseWish, now: Instant): Effect[] {
  const id = board.nextFence;
  board.nextFence += 1;
  const incarnation = incarnationOf(host) ?? 0;
  host.pulse = { ...wish, id, incarnation, step: { at: 'intent', since: now } };
  if (wish.by === 'timer' && wish.isConfirmed) {
    const recent = (starts: Instant[]): Instant[] =>
      starts.filter((at) => now - at < FENCE_BUDGET_WINDOW_MS);
    board.verdictsAt = [...recent(board.verdictsAt), now];
    host.verdictsAt = [...recent(host.verdictsAt), now];
  }
  return [{ kind: 'journal', host: host.settings.host, fence: id }];
}

/** Steps the host's pulse, if one runs. */
export function runPulse(board: Board, host: Host, event: PulseEvent, now: Instant): Effect[] {
  const was = host.pulse;
  if (was === undefined || host.frozen !== undefined) return [];
  const { pulse, deeds } = stepPulse(was, event, {
    now,
    nowAwake: awake(board.clock, now),
    mayAct: was.step.at !== 'intent' || mayAct(board, host, was, now),
    initdeadMs: host.settings.timing.initdeadMs,
  });
  host.pulse = pulse;
  return deeds.flatMap((deed) => carryOut(board, host, was, deed, now));
}

/** A fresh beat may be the new life that a pulse waits for. */
export function hearForPulse(
  board: Board,
  host: Host,
  incarnation: number,
  now: Instant,
): Effect[] {
  const { pulse } = host;
  if (pulse === undefined || pulse.incarnation === incarnation) return [];
  return runPulse(board, host, { kind: 'reborn' }, now);
}

/** Judged anew right before it is given: the ttl of an order, or what the timer rests on. */
function mayAct(board: Board, host: Host, pulse: Pulse, now: Instant): boolean {
  if (board.disabled !== undefined) return false;
  if ((incarnationOf(host) ?? 0) !== pulse.incarnation) return false;
  if (pulse.by === 'timer' && host.maintenance !== undefined) return false;
  if (pulse.by === 'timer') return timerStands(board, host, pulse, now);
  return pulse.orders.some((cmdId) => {
    const order = board.orders.get(cmdId)?.order;
    const ageMs = order === undefined ? undefined : ageOf(board.ticks, order.tick, now);
    return order !== undefined && ageMs !== undefined && ageMs <= order.ttlMs;
  });
}

function timerStands(board: Board, host: Host, pulse: Pulse, now: Instant): boolean {
  const { timer } = host;
  if (timer.at !== (pulse.isConfirmed ? 'expired' : 'pre')) return false;
  const { timeoutMs, pretimeoutMs } = timer.settings;
  const spanMs = pulse.isConfirmed ? timeoutMs : timeoutMs - pretimeoutMs;
  const { bar } = dueOf(board, host, timer, spanMs, now);
  // Gap and budget were judged when it began; it must not count against itself.
  return bar === 'none' || bar === 'gap' || bar === 'budget';
}

function carryOut(board: Board, host: Host, pulse: Pulse, deed: PulseDeed, now: Instant): Effect[] {
  const { kind, by } = pulse;
  switch (deed) {
    case 'pulse':
      return [
        {
          kind: 'pulse',
          host: host.settings.host,
          line: host.settings.pulses.findIndex((line) => line.kind === kind),
          pulse: pulse.id,
        },
        tell(host, 'warning', 'pulse', `${PULSE_WORDS[kind]}, by ${by}`),
        { kind: 'save' },
      ];
    case 'unlogged':
      return [tell(host, 'alarm', 'unlogged', 'the disk did not take the intent')];
    case 'called-off':
      return calledOff(board, host, pulse, now);
    case 'confirmed':
      return confirmed(board, host, pulse);
    case 'unconfirmed':
      return unconfirmed(board, host, pulse, now);
    case 'overtaken':
      return answer(board, pulse, 'failed', 'power switched');
    default:
      return unreachable(deed);
  }
}

const PULSE_WORDS = {
  reset: 'its reset line is being pulsed',
  diag: 'a diagnostic interrupt is being given',
};

function answer(
  board: Board,
  { orders, incarnation }: Pulse,
  outcome: 'done' | 'failed' | 'expired',
  detail: string,
): Effect[] {
  const ending = { outcome, proof: 'none', detail } as const;
  const answers = orders.flatMap((cmdId) => settle(board, cmdId, ending, incarnation));
  return [{ kind: 'save' }, ...answers];
}

/** It moved nothing, so it costs no budget, and a timer goes on. */
function calledOff(board: Board, host: Host, pulse: Pulse, now: Instant): Effect[] {
  if (pulse.by === 'timer' && pulse.isConfirmed && pulse.step.at === 'intent') {
    const { since } = pulse.step;
    board.verdictsAt = board.verdictsAt.filter((at) => at !== since);
    host.verdictsAt = host.verdictsAt.filter((at) => at !== since);
  }
  if (pulse.by === 'timer') {
    host.timer = stepTimer(host.timer, { kind: 'called-off' }, awake(board.clock, now)).timer;
  }
  return [
    ...answer(board, pulse, 'expired', ''),
    tell(host, 'info', 'expired', `the ${pulse.kind} pulse was called off`),
  ];
}

/** A new life: the one before is over, whatever it may still have in a queue. */
function confirmed(board: Board, host: Host, pulse: Pulse): Effect[] {
  const { incarnation, kind } = pulse;
  const isKnown = incarnation !== 0 && !host.ended.some((life) => life.incarnation === incarnation);
  if (isKnown) {
    endLife(host, { incarnation, darkTick: board.ticks.latest + 1, why: 'replaced' });
  }
  return [
    ...(isKnown ? [{ kind: 'retire', host: host.settings.host, incarnation } as const] : []),
    ...answer(board, pulse, 'done', 'new life'),
    tell(host, 'info', 'pulse', `it is heard in a new life after its ${kind} pulse`),
    ...clear(board.alarms, host.settings.host, 'unconfirmed', 'a new life of it is heard'),
  ];
}

/** Nobody knows what the pulse did. A host that is silent now may be booting for longer still. */
function unconfirmed(board: Board, host: Host, pulse: Pulse, now: Instant): Effect[] {
  const { kind, incarnation } = pulse;
  const text =
    incarnation === 0
      ? `whether its ${kind} pulse began a new life nobody knows: none was heard before`
      : `no new life of it was heard after its ${kind} pulse`;
  const remedy = 'look at the line and its wiring, or order a fence, which proves';
  const at = host.settings.host;
  return [
    ...answer(board, pulse, 'failed', 'no new life'),
    ...raise(board.alarms, { host: at, code: 'unconfirmed', text, remedy }, now),
    ...missSilent(board, host, now),
  ];
}

function missSilent(board: Board, host: Host, now: Instant): Effect[] {
  const { deadtimeMs } = host.settings.timing;
  const isHeard = host.hearings.some(
    ({ fresh }) => fresh !== undefined && now - fresh.at < deadtimeMs,
  );
  if (isHeard || host.life.at !== 'present') return [];
  forgetLife(board, host, now);
  return forgetSilence(board, host, 'it was given a pulse; it is missed, not judged');
}
