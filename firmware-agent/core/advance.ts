/**
 * The fold: one event into the board, effects out. The only function that changes a board.
 *
 * Time is noticed first, so that a stall of our own is subtracted before anything is judged by it;
 * then the event does its work. Verdicts fall in judge ticks only, which come after all input that
 * was received before them.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { issue } from '../../protocol/wire/ticks.ts';
import { clear, raise } from './alarms.ts';
import type { Board, Host } from './board.ts';
import { runFence } from './carry-out.ts';
import { awake, noticeTime, setListening } from './clock.ts';
import type { Effect, Event } from './events.ts';
import { hear } from './hear.ts';
import { extendProof, hearModem, uncarried } from './hearing.ts';
import { assertHost } from './invariants.ts';
import { judgeAll } from './judging.ts';
import { idleSampleAgeMs, proofGapMs, sampleAgeMs, UNKNOWN_ALARM_PERIOD_MS } from './limits.ts';
import { takeOrder } from './orders.ts';
import { type Contact, sampleContact, sampleSense } from './power.ts';
import { runPulse } from './pulse-run.ts';
import { doubtSenses } from './sense-doubt.ts';
import { stored } from './standstill.ts';
import { start } from './start.ts';
import { warnings } from './timer-run.ts';
import { tell } from './words.ts';

/** Carries one event into the board; `now` never runs backwards. Throws where a belief broke. */
export function advance(board: Board, event: Event, now: Instant): Effect[] {
  if (now < board.clock.seenAt) return [{ kind: 'end', why: 'monotonic time ran backwards' }];
  const stallMs = noticeTime(board.clock, now, board.derived.loopLagMs);
  if (stallMs <= 0) return take(board, event, now);
  return [...noticeStall(board, stallMs, now), ...take(board, event, now)];
}

function take(board: Board, event: Event, now: Instant): Effect[] {
  switch (event.kind) {
    case 'judge':
      return judgeAll(board, event.drained, now);
    case 'round':
      return [{ kind: 'round', tick: issue(board.ticks, now) }, ...warnings(board)];
    case 'heard':
      return onHost(board, event.opened.host, () => hear(board, event.opened, now));
    case 'refused':
      return onHost(board, event.host, (host) => refused(host, event, now));
    case 'ended':
      return onHost(board, event.host, (host) => sessionEnded(board, host, event, now));
    case 'listening':
      return listen(board, event, now);
    case 'echoed':
      if (!board.settings.brokerOnBoard) {
        const nowAwake = awake(board.clock, now);
        board.chains.set('mqtt', extendProof(board.chains.get('mqtt'), nowAwake, now));
      }
      return [];
    case 'modem':
      return onHost(board, event.host, (host) => modem(board, host, event.line, now));
    case 'contact':
      return onHost(board, event.host, (host) => contact(board, host, event, now));
    case 'sense':
      return onHost(board, event.host, (host) => sense(board, host, event, now));
    case 'journalled':
      return onHost(board, event.host, (host) => journalled(board, host, event.fence, now));
    case 'stored':
      return stored(board, event.cmdId, event.ok);
    case 'order':
      return takeOrder(board, event.order, now);
    case 'start':
      return start(board, event, now);
  }
}

function onHost(board: Board, number: number, work: (host: Host) => Effect[]): Effect[] {
  const host = board.hosts.get(number);
  if (host === undefined) return [];
  const effects = work(host);
  assertHost(host);
  return effects;
}

/** Fences and pulses have one row of numbers. */
function journalled(board: Board, host: Host, id: number, now: Instant): Effect[] {
  const event = { kind: 'journalled' } as const;
  if (host.fence?.id === id) return runFence(board, host, event, now);
  return host.pulse?.id === id ? runPulse(board, host, event, now) : [];
}

function noticeStall(board: Board, stallMs: number, now: Instant): Effect[] {
  // One long stall does not make a board sick; only what begins again and again does (S4).
  const longMs = Math.max(0, stallMs - board.derived.shortestDeadtimeMs);
  board.deferredSince = board.deferredSince === undefined ? now : board.deferredSince + longMs;
  const text = `the board itself stood still for ${Math.round(stallMs)} ms; nobody was judged`;
  return [{ kind: 'news', level: 'warning', code: 'stalled', text }];
}

function sessionEnded(
  board: Board,
  host: Host,
  event: Event & { kind: 'ended' },
  now: Instant,
): Effect[] {
  host.hearings = host.hearings.map((h) => (h.channel === event.channel ? uncarried(h) : h));
  if (event.why === 'expired') return [];
  const at = host.settings.host;
  const text =
    'its key was taken out of the keys file, so it is not heard; its silence is no death';
  const remedy = 'give it a key of that file and reload its shim; it can be fenced by order';
  return raise(board.alarms, { host: at, code: 'revoked', text, remedy }, now);
}

/** Forged frames take nothing from what carries a valid MAC; they are told, seldom. */
function refused(host: Host, event: Event & { kind: 'refused' }, now: Instant): Effect[] {
  const forged = event.why === 'mac' || event.why === 'kid' || event.why === 'wrong-host';
  if (!forged || now - host.hostileToldAt < UNKNOWN_ALARM_PERIOD_MS) return [];
  host.hostileToldAt = now;
  const text = `frames on its ${event.channel} path are not under its key (${event.why})`;
  return [tell(host, 'alarm', 'hostile', text)];
}

function listen(board: Board, event: Event & { kind: 'listening' }, now: Instant): Effect[] {
  if (event.channel === 'mqtt') {
    if (board.mqtt.listening === event.on) return [];
    board.mqtt = setListening(board.mqtt, event.on, board.clock, now);
    const code = event.on ? 'link-up' : 'link-lost';
    const text = event.on ? 'the broker is heard' : 'the broker is not heard';
    return [{ kind: 'news', level: event.on ? 'info' : 'warning', code, text }];
  }
  return onHost(board, event.host, (host) => {
    if (host.serial === undefined || host.serial.listening === event.on) return [];
    host.serial = setListening(host.serial, event.on, board.clock, now);
    const text = event.on ? 'its serial port is open' : 'its serial port is not open';
    return [tell(host, event.on ? 'info' : 'warning', event.on ? 'link-up' : 'link-lost', text)];
  });
}

function modem(
  board: Board,
  host: Host,
  line: 'asserted' | 'dropped' | 'unknown',
  now: Instant,
): Effect[] {
  const nowAwake = awake(board.clock, now);
  const gapMaxMs = proofGapMs(host.settings.timing, host.delayMs);
  for (const hearing of host.hearings) {
    if (hearing.channel !== 'serial') continue;
    hearing.modem = hearModem(hearing.modem, line, nowAwake, gapMaxMs);
  }
  return [];
}

function contact(
  board: Board,
  host: Host,
  event: Event & { kind: 'contact' },
  now: Instant,
): Effect[] {
  const was = host.power.contacts[event.outlet];
  const outlet = host.settings.outlets[event.outlet];
  if (was === undefined || outlet === undefined) return [];
  const ageMaxMs = sampleAge(board, host, outlet.periodMs);
  const sample = { value: event.value, askedAt: event.askedAt, at: now, ageMaxMs };
  host.power.contacts[event.outlet] = sampleContact(was, sample);
  return [
    ...noticeOpen(board, host, was.value, event.value, now),
    ...runFence(board, host, { kind: 'tick', drained: false }, now),
  ];
}

/** An outlet that opens without a fence: by hand, by another program, by a fault. */
function noticeOpen(board: Board, host: Host, was: Contact, is: Contact, now: Instant): Effect[] {
  if (was === is || !board.started || host.fence !== undefined || host.frozen !== undefined) {
    return [];
  }
  const at = host.settings.host;
  if (is === 'closed') {
    const allClosed = host.settings.outlets.every(
      ({ readable }, i) => !readable || host.power.contacts[i]?.value === 'closed',
    );
    return allClosed ? clear(board.alarms, at, 'found-open', 'its outlets read closed') : [];
  }
  if (is !== 'open') return [];
  const text = 'an outlet reads open and nobody here opened it';
  const remedy = 'find out who did; give it power with `fencepost on`';
  return raise(board.alarms, { host: at, code: 'found-open', text, remedy }, now);
}

function sense(board: Board, host: Host, event: Event & { kind: 'sense' }, now: Instant): Effect[] {
  const was = host.power.senses[event.sense];
  const settings = host.settings.senses[event.sense];
  if (was === undefined || settings === undefined) return [];
  const ageMaxMs = sampleAge(board, host, settings.periodMs);
  const sample = { value: event.value, askedAt: event.askedAt, at: now, ageMaxMs };
  const is = sampleSense(was, sample);
  host.power.senses[event.sense] = is;
  const cleared = was.suspect && !is.suspect;
  return [
    ...(cleared
      ? clear(board.alarms, host.settings.host, 'sense-suspect', 'it was seen on and off again')
      : []),
    ...(is.value === 'off' ? doubtSenses(board, host, now) : []),
    ...runFence(board, host, { kind: 'tick', drained: false }, now),
  ];
}

function sampleAge(board: Board, host: Host, periodMs: number): number {
  if (host.fence === undefined) return idleSampleAgeMs(periodMs);
  return sampleAgeMs(board.derived.judgeTickMs, periodMs, host.settings.timing.offHoldMs);
}
