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
import { beginFence } from './begin.ts';
import type { Board, Host } from './board.ts';
import { lifeLimits, runFence, tell } from './carry-out.ts';
import { awake, noticeTime, setListening } from './clock.ts';
import type { Effect, Event } from './events.ts';
import type { Finding } from './finding.ts';
import { hear } from './hear.ts';
import { extendProof, hearModem } from './hearing.ts';
import { assertBoard, assertHost } from './invariants.ts';
import { stepLife } from './life.ts';
import {
  SICK_OBSERVER_ALARM_DEADTIMES,
  SICK_OBSERVER_RESTART_DEADTIMES,
  sampleAgeMs,
  settleMs,
  UNKNOWN_ALARM_PERIOD_MS,
} from './limits.ts';
import { takeOrder } from './orders.ts';
import { type Contact, sampleContact, sampleSense } from './power.ts';
import { doubtSenses } from './sense-doubt.ts';
import { isReleased, suspects } from './shared-silence.ts';
import { boardAlarm, start } from './start.ts';
import { channelsQuiet, judge } from './verdict.ts';

/** Carries one event into the board; `now` never runs backwards. Throws where a belief broke. */
export function advance(board: Board, event: Event, now: Instant): Effect[] {
  if (now < board.clock.seenAt) return [{ kind: 'end', why: 'monotonic time ran backwards' }];
  const stallMs = noticeTime(board.clock, now, board.derived.loopLagMs);
  const effects = stallMs > 0 ? noticeStall(board, stallMs, now) : [];
  return [...effects, ...take(board, event, now)];
}

function take(board: Board, event: Event, now: Instant): Effect[] {
  switch (event.kind) {
    case 'judge':
      return judgeAll(board, event.drained, now);
    case 'round':
      return [{ kind: 'round', tick: issue(board.ticks, now) }];
    case 'heard':
      return onHost(board, event.opened.host, () => hear(board, event.opened, now));
    case 'refused':
      return onHost(board, event.host, (host) => refused(host, event, now));
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
      return onHost(board, event.host, (host) =>
        host.fence?.id === event.fence ? runFence(board, host, { kind: 'journalled' }, now) : [],
      );
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

function noticeStall(board: Board, stallMs: number, now: Instant): Effect[] {
  // One long stall does not make a board sick; only what begins again and again does (S4).
  const longMs = Math.max(0, stallMs - board.derived.shortestDeadtimeMs);
  board.deferredSince = board.deferredSince === undefined ? now : board.deferredSince + longMs;
  const text = `the board itself stood still for ${Math.round(stallMs)} ms; nobody was judged`;
  return [{ kind: 'news', level: 'warning', code: 'stalled', text }];
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
  host.hearings = host.hearings.map((h) =>
    h.channel === 'serial' ? { ...h, modem: hearModem(h.modem, line, nowAwake) } : h,
  );
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
  if (is === 'closed') return clear(board.alarms, at, 'found-open', 'its outlets read closed');
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
  return sampleAgeMs(board.derived.judgeTickMs, periodMs, host.settings.timing.offHoldMs);
}

function judgeAll(board: Board, drained: boolean, now: Instant): Effect[] {
  board.clock.judgedAt = now;
  const effects = deferral(board, drained, now);
  for (const host of board.hosts.values()) {
    if (host.fence !== undefined) {
      effects.push(...runFence(board, host, { kind: 'tick', drained }, now));
    }
    effects.push(...judgeHost(board, host, drained, now));
  }
  if (now - board.clock.checkedAt >= 1_000) {
    board.clock.checkedAt = now;
    assertBoard(board);
  }
  return effects;
}

/** Verdicts that are put off for long are a fault of the board, and it says so (S4). */
function deferral(board: Board, drained: boolean, now: Instant): Effect[] {
  const settledMs = awake(board.clock, now) - board.clock.stallEndAwake;
  const longestKeepaliveMs = board.derived.longestKeepaliveMs;
  if (!drained) board.deferredSince ??= now;
  else if (settledMs >= settleMs(longestKeepaliveMs)) delete board.deferredSince;
  if (board.deferredSince === undefined) {
    return clear(board.alarms, undefined, 'sick-observer', 'the board keeps up again');
  }
  const deferredMs = now - board.deferredSince;
  const deadtimeMs = Math.max(board.derived.shortestDeadtimeMs, settleMs(longestKeepaliveMs));
  if (deferredMs > SICK_OBSERVER_RESTART_DEADTIMES * deadtimeMs) {
    return [{ kind: 'end', why: 'the board could not judge for four deadtimes' }];
  }
  if (deferredMs <= SICK_OBSERVER_ALARM_DEADTIMES * deadtimeMs) return [];
  const text = 'the board stalls again and again and can judge nobody';
  return boardAlarm(board, 'sick-observer', text, 'look at its load; it restarts soon', now);
}

function judgeHost(board: Board, host: Host, drained: boolean, now: Instant): Effect[] {
  const nowAwake = awake(board.clock, now);
  const { life, news } = stepLife(host.life, { kind: 'tick' }, nowAwake, lifeLimits(host));
  host.life = life;
  const effects: Effect[] =
    news === undefined
      ? []
      : [tell(host, 'warning', 'overdue', 'it did not leave in the time it asked for')];
  if (life.at === 'absent') return [...effects, ...missAbsent(board, host, nowAwake, now)];
  if (life.at !== 'present' || host.fence !== undefined || host.frozen !== undefined) {
    return effects;
  }
  const finding = judge(board, host, now);
  host.finding = finding;
  return [
    ...effects,
    ...warnOfChannels(board, host, now),
    ...act(board, host, finding, drained, now),
  ];
}

/** Absent is not dead: it is missed, never cut. */
function missAbsent(board: Board, host: Host, nowAwake: Instant, now: Instant): Effect[] {
  if (host.fence !== undefined || host.life.at !== 'absent') return [];
  if (nowAwake - host.life.since < host.settings.timing.initdeadMs) return [];
  const text = 'it has not been heard since the board, or it, was started';
  const remedy = 'look whether it boots and its shim runs; it can be fenced by order';
  return raise(board.alarms, { host: host.settings.host, code: 'absent', text, remedy }, now);
}

function warnOfChannels(board: Board, host: Host, now: Instant): Effect[] {
  const effects: Effect[] = [];
  for (const { hearing, quietMs } of channelsQuiet(board, host, now)) {
    if (hearing.warned || quietMs < host.settings.timing.warntimeMs) continue;
    hearing.warned = true;
    const seconds = (quietMs / 1000).toFixed(1);
    const text = `it is silent on ${hearing.channel} for ${seconds} s`;
    effects.push(tell(host, 'warning', 'channel-silent', text));
  }
  return effects;
}

function act(board: Board, host: Host, finding: Finding, drained: boolean, now: Instant): Effect[] {
  const at = host.settings.host;
  switch (finding.at) {
    case 'alive':
      return [];
    case 'unknown':
      return raise(board.alarms, unproven(at, 'nothing of it is listened to'), now);
    case 'late': {
      const text = `its beats are late: ${(finding.quietMs / 1000).toFixed(1)} s of silence`;
      const remedy = 'look at the host; at deadtime it is fenced';
      return raise(board.alarms, { host: at, code: 'late', text, remedy }, now, 'warning');
    }
    case 'silent':
      return actOnSilence(board, host, finding, drained, now);
  }
}

function actOnSilence(
  board: Board,
  host: Host,
  finding: Finding & { at: 'silent' },
  drained: boolean,
  now: Instant,
): Effect[] {
  const at = host.settings.host;
  switch (finding.bar) {
    case 'none': {
      if (!drained || !board.started) return [];
      const seconds = (finding.quietMs / 1000).toFixed(2);
      const wish = {
        by: { kind: 'verdict' as const },
        orders: [],
        evidence: finding.evidence,
        text: `dead: ${seconds} s of proven silence`,
      };
      return beginFence(board, host, wish, now);
    }
    case 'unproven':
    case 'deaf':
      return raise(board.alarms, unproven(at, 'its silence is not proven'), now);
    case 'held':
      return hold(board, host, now);
    case 'budget': {
      const text = 'silent, but too many hosts were fenced within the hour';
      const remedy = 'find the common cause, then order the fence';
      return raise(board.alarms, { host: at, code: 'budget', text, remedy }, now);
    }
    case 'spent': {
      const text = 'silent, and its one autonomous fence is spent';
      const remedy = 'order a fence, or restart it';
      return raise(board.alarms, { host: at, code: 'unguarded', text, remedy }, now);
    }
    case 'doubt':
    case 'two-agents':
    case 'deferred':
    case 'gap':
      return [];
  }
}

function unproven(host: number, text: string): Parameters<typeof raise>[1] {
  const remedy = 'look at broker and cables; it can be fenced by order';
  return { host, code: 'unproven', text, remedy };
}

/** Holds a silence that others share, tells it each minute, and looks for the ways out. */
function hold(board: Board, host: Host, now: Instant): Effect[] {
  const sinceAwake = awake(board.clock, now);
  const isNew = host.held === undefined;
  const held = host.held ?? {
    since: now,
    sinceAwake,
    by: suspects(board, host, now),
    toldAt: now,
    released: false,
  };
  if (isReleased(board, host, held, now)) {
    host.held = { ...held, released: true };
    return clear(board.alarms, host.settings.host, 'held', 'its silence is its own');
  }
  if (!isNew && now - held.toldAt < UNKNOWN_ALARM_PERIOD_MS) return [];
  host.held = { ...held, toldAt: now };
  board.alarms.delete(`${host.settings.host}:held`);
  return tellHeld(board, host, held.by, now);
}

function tellHeld(board: Board, host: Host, by: readonly number[], now: Instant): Effect[] {
  const names = by.map((number) => board.hosts.get(number)?.settings.name ?? number).join(', ');
  const text = `silent together with ${names}: something they share may have failed`;
  const remedy = 'look at hub, cables and broker; it can be fenced by order';
  return raise(board.alarms, { host: host.settings.host, code: 'held', text, remedy }, now);
}
