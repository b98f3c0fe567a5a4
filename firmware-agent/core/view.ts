/** What the board shows of itself: phases and wait states, derived and never stored. */

import type { Instant } from '../../protocol/wire/instant.ts';
import type { Phase } from '../../protocol/wire/messages.ts';
import type {
  BoardView,
  ChannelView,
  HostView,
  TimerView,
  WaitState,
} from '../../protocol/wire/view.ts';
import { type Board, type Host, incarnationOf, mediumOf } from './board.ts';
import { awake, listenedMs } from './clock.ts';
import { viewDrill } from './drill.ts';
import { testimonies } from './evidence.ts';
import { isUndecided, isVictim } from './fence-state.ts';
import { viewGroups } from './groups.ts';
import { isBelieved } from './power.ts';
import { nameOfBy } from './record.ts';
import { remainingMs } from './timer.ts';

function phaseOf(board: Board, host: Host, now: Instant): Phase {
  if (host.frozen !== undefined) return 'frozen';
  if (host.fence === undefined && host.maintenance !== undefined) return 'maintenance';
  const step = host.fence?.step.at;
  if (isUndecided(host.fence)) return 'victim';
  if (step === 'kept') return 'off';
  if (step === 'due') return host.fence?.proof === 'none' ? 'restoring' : 'off';
  if (step === 'closing') return 'restoring';
  if (host.life.at !== 'present') return host.life.at;
  const doubted = host.doubtUntilAwake ?? Number.NEGATIVE_INFINITY;
  const { finding } = host;
  if (finding === undefined || finding.at === 'alive') return 'alive';
  if (awake(board.clock, now) < doubted) return 'doubt';
  if (finding.at === 'unknown' || finding.at === 'late') return finding.at;
  if (finding.bar === 'held') return 'held';
  return finding.bar === 'unproven' || finding.bar === 'deaf' ? 'unknown' : 'silent';
}

export function viewBoard(board: Board, now: Instant): BoardView {
  const hosts = [...board.hosts.values()];
  const victim = hosts.find((host) => isVictim(host.fence) && host.fence?.step.at !== 'kept');
  return {
    agent: board.settings.name,
    life: board.life,
    uptimeMs: Math.round(now - board.clock.startedAt),
    waitState: waitState(board, hosts, victim),
    victimNow: victim?.settings.name ?? null,
    hosts: hosts.map((host) => viewHost(board, host, now)),
    ...(board.groups === undefined ? {} : { groups: viewGroups(board) }),
    disabledBy: board.disabled?.by ?? null,
    refusedOrders: {},
    alarms: [...board.alarms.values()].map((alarm) => ({
      host: board.hosts.get(alarm.host ?? -1)?.settings.name ?? null,
      code: alarm.code,
      text: alarm.text,
      remedy: alarm.remedy,
      ageMs: Math.round(now - alarm.since),
    })),
  };
}

function waitState(board: Board, hosts: Host[], victim: Host | undefined): WaitState {
  const step = victim?.fence?.step.at;
  if (step === 'intent' || step === 'waiting') return 'proof';
  if (step === 'proving') return victim?.fence?.darkTick === undefined ? 'proof' : 'off-hold';
  if (step === 'due' || step === 'closing') return 'restore';
  if (hosts.some((host) => host.frozen !== undefined)) return 'ack';
  if (hosts.some((host) => host.held !== undefined && !host.held.released)) return 'held';
  return board.deferredSince === undefined ? 'none' : 'listening';
}

export function viewHost(board: Board, host: Host, now: Instant): HostView {
  const { settings, fence, power } = host;
  return {
    name: settings.name,
    host: settings.host,
    phase: phaseOf(board, host, now),
    phaseMs: Math.round(
      fence === undefined ? awake(board.clock, now) - host.life.since : now - fence.startedAt,
    ),
    incarnation: incarnationOf(host) ?? null,
    channels: host.hearings.map((hearing) => viewChannel(board, host, hearing.channel, now)),
    outlets: settings.outlets.map((outlet, i) => ({
      name: outlet.name,
      method: outlet.method,
      reading: power.contacts[i]?.value ?? 'unknown',
    })),
    senses: settings.senses.map((sense, i) => {
      const state = power.senses[i];
      return {
        name: sense.name,
        reading: state?.value ?? 'unknown',
        believed: state !== undefined && isBelieved(state),
      };
    }),
    fence:
      fence === undefined
        ? null
        : {
            id: fence.id,
            step: fence.step.at,
            by: nameOfBy(fence.by),
            ageMs: Math.round(now - fence.startedAt),
          },
    keptOffBy: fence?.keptBy ?? null,
    maintenanceMs:
      host.maintenance === undefined ? null : Math.round(host.maintenance.untilAt - now),
    timer: viewTimer(board, host, now),
    drill: viewDrill(board, host, now),
    pulse:
      host.pulse === undefined
        ? null
        : { kind: host.pulse.kind, step: host.pulse.step.at, by: host.pulse.by },
  };
}

function viewTimer(board: Board, { timer, timerLost }: Host, now: Instant): TimerView | null {
  if (timer.at === 'off') return timerLost === undefined ? null : { state: 'lost' };
  const { setBy, settings } = timer;
  const leftMs = Math.round(remainingMs(timer, awake(board.clock, now)));
  const state = timer.at === 'pre' ? 'pretimeout' : timer.at;
  return { state, remainingMs: leftMs, setBy, ...settings };
}

function viewChannel(
  board: Board,
  host: Host,
  channel: 'serial' | 'mqtt',
  now: Instant,
): ChannelView {
  const medium = mediumOf(board, host, channel);
  const hearing = host.hearings.find((h) => h.channel === channel);
  const witness = testimonies(board, host, now).find((w) => w.channel === channel);
  const quietMs =
    hearing?.fresh === undefined
      ? null
      : Math.round(Math.max(0, listenedMs(medium, board.clock, now) - hearing.fresh.listenedMs));
  return {
    channel,
    listening: medium.listening,
    carried: hearing?.carried ?? false,
    quietMs,
    provenMs: Math.round(Math.max(witness?.nearMs ?? 0, witness?.farMs ?? 0)),
    refused: hearing === undefined || hearing.stale === 0 ? {} : { stale: hearing.stale },
  };
}
