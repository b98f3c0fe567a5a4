/**
 * One judge tick over all hosts: what each silence means now, and what is done or told about it.
 *
 * verdict.ts finds; this file acts on the finding. A fence begins here and nowhere else by verdict.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { clear, raise } from './alarms.ts';
import { beginFence } from './begin.ts';
import type { Board, Host } from './board.ts';
import { runFence } from './carry-out.ts';
import { awake } from './clock.ts';
import type { Effect } from './events.ts';
import type { Finding } from './finding.ts';
import { assertBoard } from './invariants.ts';
import { stepLife } from './life.ts';
import {
  DEVICE_SILENT_MS,
  SICK_OBSERVER_ALARM_DEADTIMES,
  SICK_OBSERVER_RESTART_DEADTIMES,
  settleMs,
  UNKNOWN_ALARM_PERIOD_MS,
} from './limits.ts';
import { runPulse } from './pulse-run.ts';
import { isReleased, suspects } from './shared-silence.ts';
import { uselessMs } from './sickness.ts';
import { missDisk, stepMaintenance } from './standstill.ts';
import { boardAlarm } from './start.ts';
import { judgeTimer } from './timer-run.ts';
import { judge, quietOn } from './verdict.ts';
import { tell } from './words.ts';

/** Steps every fence by time and judges every present host. */
export function judgeAll(board: Board, drained: boolean, now: Instant): Effect[] {
  board.clock.judgedAt = now;
  const effects = [...deferral(board, drained, now), ...missDisk(board, now)];
  for (const host of board.hosts.values()) {
    if (host.fence !== undefined) {
      effects.push(...runFence(board, host, { kind: 'tick', drained }, now));
    }
    if (host.pulse !== undefined && drained) {
      effects.push(...runPulse(board, host, { kind: 'tick' }, now));
    }
    effects.push(...judgeTimer(board, host, drained, now));
    effects.push(...judgeHost(board, host, drained, now));
  }
  if (now - board.clock.checkedAt >= 1_000) {
    board.clock.checkedAt = now;
    assertBoard(board);
    for (const host of board.hosts.values()) effects.push(...missDevices(board, host, now));
  }
  return effects;
}

/** A relay or sense that does not answer is told before a fence needs it. */
function missDevices(board: Board, host: Host, now: Instant): Effect[] {
  const { settings, power } = host;
  const isSilent = (state: { value: string; since: Instant; at: Instant }): boolean =>
    now - (state.value === 'unknown' ? state.since : state.at) >= DEVICE_SILENT_MS;
  const silent: string[] = [];
  settings.outlets.forEach(({ name, readable }, i) => {
    const contact = power.contacts[i];
    if (readable && contact !== undefined && isSilent(contact)) silent.push(name);
  });
  settings.senses.forEach(({ name }, i) => {
    const sense = power.senses[i];
    if (sense !== undefined && isSilent(sense)) silent.push(name);
  });
  const names = silent.join(', ');
  if (names === '') return clear(board.alarms, settings.host, 'device-silent', 'all of it answers');
  const text = `${names} cannot be read, so no fence of it could be proven`;
  const remedy = 'look at the device and its wiring';
  return raise(board.alarms, { host: settings.host, code: 'device-silent', text, remedy }, now);
}

/** Verdicts that are put off for long are a fault of the board, and it says so (S4). */
function deferral(board: Board, drained: boolean, now: Instant): Effect[] {
  const settledMs = awake(board.clock, now) - board.clock.stallEndAwake;
  const longestKeepaliveMs = board.derived.longestKeepaliveMs;
  if (!drained) board.deferredSince ??= now;
  else if (settledMs >= settleMs(longestKeepaliveMs)) board.deferredSince = undefined;
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
  const { life, news } = stepLife(host.life, { kind: 'tick' }, nowAwake, host.settings.timing);
  host.life = life;
  const effects: Effect[] =
    news === undefined
      ? []
      : [
          ...clear(board.alarms, host.settings.host, 'leaving', 'its time is over'),
          tell(host, 'warning', 'overdue', 'it did not leave in the time it asked for'),
        ];
  effects.push(...stepMaintenance(board, host, now));
  if (host.maintenance !== undefined) return effects;
  if (life.at === 'absent') return [...effects, ...missAbsent(board, host, nowAwake, now)];
  if (life.at !== 'present' || host.fence !== undefined || host.frozen !== undefined) {
    return effects;
  }
  // It may be booting, or writing its dump: it is judged again when the wait for it is over.
  if (host.pulse?.step.at === 'waiting') return effects;
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
  for (const hearing of host.hearings) {
    const quietMs = quietOn(board, host, hearing, now) ?? 0;
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
      // It was heard a moment ago, by a session or a maintenance that we ended: it says more soon.
      if (isJustUncarried(host, now)) return [];
      return raise(board.alarms, unproven(at, 'nothing of it is listened to'), now);
    case 'late': {
      const text = `its beats are late: ${(finding.quietMs / 1000).toFixed(1)} s of silence`;
      const remedy =
        'look at the host; at deadtime it is fenced, unless another alarm says why not';
      return raise(board.alarms, { host: at, code: 'late', text, remedy }, now, 'warning');
    }
    case 'silent':
      return actOnSilence(board, host, finding, drained, now);
  }
}

function isJustUncarried({ hearings, settings }: Host, now: Instant): boolean {
  const { warntimeMs } = settings.timing;
  return (
    !hearings.some(({ carried }) => carried) &&
    hearings.some(({ fresh }) => fresh !== undefined && now - fresh.at < warntimeMs)
  );
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
      const sickMs = uselessMs(board, host, now);
      const wish = {
        by: { kind: 'verdict' as const },
        orders: [],
        evidence: finding.evidence,
        text:
          sickMs === undefined
            ? `dead: ${seconds} s of proven silence`
            : `sick for ${(sickMs / 1000).toFixed(0)} s by its own checks: judged as dead`,
      };
      return beginFence(board, host, wish, now);
    }
    case 'unproven':
    case 'deaf':
      return raise(board.alarms, unproven(at, 'its silence is not proven'), now);
    case 'held':
      return hold(board, host, now);
    case 'budget': {
      const text = 'silent, but it, or the board, has fenced too often within the hour';
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
    case 'company':
    case 'disabled':
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
