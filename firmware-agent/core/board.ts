/**
 * The whole state of the core: plain data, one entry a host, changed only by `advance`.
 *
 * A host's phase for people is derived (view.ts); what is stored is only what cannot be: its life
 * (is it a member, which incarnation), a fence that runs, why it is frozen, what was heard.
 */

import type { Instant } from '../../protocol/wire/instant.ts';
import { issue, newTicks, type TickLog } from '../../protocol/wire/ticks.ts';
import type { TimerSettings } from '../../protocol/wire/timer.ts';
import type { FenceRecord } from '../../protocol/wire/view.ts';
import type { Alarm } from './alarms.ts';
import { type BoardClock, type Medium, newMedium, startClock } from './clock.ts';
import type { Drill, Tested } from './drill.ts';
import type { Fence } from './fence-state.ts';
import type { Finding } from './finding.ts';
import { type Group, type GroupWords, newGroups } from './groups.ts';
import { type BeatChannel, type Hearing, newHearing, type ProofChain } from './hearing.ts';
import type { Kicks } from './kicks.ts';
import type { Life } from './life.ts';
import {
  beaconMs,
  delayMs,
  freshnessMs,
  judgeTickMs,
  loopLagMs,
  missedMs,
  pauseMs,
} from './limits.ts';
import type { StoredOrder } from './orders.ts';
import type { Lease } from './pledge.ts';
import { type Power, unknownPower } from './power.ts';
import type { Pulse } from './pulse.ts';
import type { BoardSettings, HostSettings } from './settings.ts';
import { TIMER_OFF, type Timer } from './timer.ts';

export interface Board {
  settings: BoardSettings;
  derived: Derived;
  /** Hex of the life nonce. */
  readonly life: string;
  clock: BoardClock;
  ticks: TickLog;
  /** The broker subscription, shared by all hosts. */
  mqtt: Medium;
  /** Proof chains of the broker and of each named serial adapter. */
  chains: Map<string, ProofChain>;
  hosts: Map<number, Host>;
  orders: Map<string, StoredOrder>;
  alarms: Map<string, Alarm>;
  /** By number; absent where none is configured. */
  groups?: Map<number, Group>;
  /** Starts of autonomous fences of the last hour. */
  verdictsAt: Instant[];
  lastRestoreAt: Instant;
  /** When the present run of deferrals began (S4). */
  deferredSince: Instant | undefined;
  nextFence: number;
  /** Emergency: nothing is cut until somebody enables it again. */
  disabled: Disabled | undefined;
  /** Orders that are answered when the disk has taken them, and since when they wait. */
  storing: Map<string, Instant>;
  /** Wall clock less monotonic time, as the start said; for what must outlive the process only. */
  wallOffsetMs: number;
  /** True from the start event on: before it nothing is judged and nothing moves. */
  started: boolean;
}

export interface Derived {
  /** q, L and T, each for the shortest timers of all hosts. */
  judgeTickMs: number;
  loopLagMs: number;
  beaconMs: number;
  shortestDeadtimeMs: number;
  longestKeepaliveMs: number;
  /** The shortest pause between beats of one host that can matter to another. */
  shortestPauseMs: number;
  /** All hosts, those first that may pause the longest between two beats. */
  slowestFirst: readonly number[];
}

export interface Host {
  settings: HostSettings;
  delayMs: number;
  freshnessMs: number;
  /** Outlet indexes by method, in the order in which they are tried. */
  methods: number[][];
  /** Its serial port, where it has one. */
  serial: Medium | undefined;
  hearings: Hearing[];
  life: Life;
  power: Power;
  fence: Fence | undefined;
  record: FenceRecord | undefined;
  /** A pulse on one of its lines, never beside a fence. */
  pulse: Pulse | undefined;
  timer: Timer;
  /** The life whose timer an earlier life of the agent had armed, until it is armed again. */
  timerLost: number | undefined;
  /** What the host itself asked for last: the same words again change nothing. */
  timerAsked: TimerSettings | undefined;
  /** The life in which the configuration's timer was armed already. */
  timerByFile: number | undefined;
  /** It has said that it goes off, and nothing else since. */
  goesOff: boolean;
  kicks: Kicks | undefined;
  /** On what its life hangs besides us, where it has pledged so. */
  lease: Lease | undefined;
  frozen: { why: string; since: Instant } | undefined;
  /** A fence that is to show its wiring, until it is heard again. */
  drill: Drill | undefined;
  /** Why the last drill showed nothing. */
  drillFailed: string | undefined;
  /** What a drill has shown of this wiring; without it every proof is `untested`. */
  tested: Tested | undefined;
  /** What the last judge tick found of it, while it is present. */
  finding: Finding | undefined;
  held: Held | undefined;
  maintenance: Maintenance | undefined;
  /** Who had it fenced last, with a key bound to a host: it does not strike back (`match_hold`). */
  lostTo: { winner: number; at: Instant } | undefined;
  doubtUntilAwake: Instant | undefined;
  /** Its last beat said that another agent claims it, too: only orders are obeyed (section 8). */
  twoAgents: boolean;
  /** Since when every fresh beat of its life says that a check on it fails. */
  sick: { incarnation: number; sinceAwake: Instant } | undefined;
  /** When the latest tick was issued that its present life echoed. */
  livedAt: Instant | undefined;
  /** The incarnation that an autonomous fence has already cut, or tried to. */
  spent: number | undefined;
  /** Lives that are over, with the tick from which on they cannot have spoken. */
  ended: { incarnation: number; darkTick: number; why: 'fenced' | 'acknowledged' | 'replaced' }[];
  /** When it was cut while it was silent already: what silenced it may silence others. */
  silentCutAt: Instant | undefined;
  /** Starts of this host's autonomous fences of the last hour. */
  verdictsAt: Instant[];
  /** The tick at the end of its last off-hold; orders of this host from before are stale. */
  holdEndTick: number;
  /** Wall clock, since it must outlive the process; used for counting only. */
  interruptedWallMs: number[];
  /** When forged frames on its paths were last told of. */
  hostileToldAt: Instant;
  /** What it has said about groups; absent until it does. */
  groups: GroupWords | undefined;
  /** The last messages heard, newest last, for the record of a fence. */
  heard: Heard[];
}

export interface Disabled {
  by: string;
  reason?: string;
}

/** Planned work on a host: nobody judges its silence until it is over, or until somebody says so. */
export interface Maintenance extends Disabled {
  untilAt: Instant;
  /** The length that was asked for: what is left after a restart is never longer. */
  forMs: number;
}

export interface Held {
  since: Instant;
  sinceAwake: Instant;
  /** Hosts whose silence made this one suspect. */
  by: number[];
  toldAt: Instant;
  /** Set once the silence was shown to be its own; it is not suspected again until it ends. */
  released: boolean;
}

export interface Heard {
  at: Instant;
  channel: BeatChannel;
  kind: string;
  incarnation: number;
  seq: number;
  ageMs: number | undefined;
}

/** Enough to see how the last beats of a host came in. */
const HEARD_MAX = 8;

/** Lives of one host that may still be asked about; a board reboots its hosts rarely. */
const ENDED_MAX = 16;

export function newBoard(settings: BoardSettings, life: string, now: Instant): Board {
  const clock = startClock(now);
  const ticks = newTicks();
  issue(ticks, now);
  return {
    settings,
    derived: derive(settings),
    life,
    clock,
    ticks,
    mqtt: newMedium(clock, now),
    chains: new Map(),
    hosts: new Map(settings.hosts.map((host) => [host.host, newHost(host, clock, now)])),
    orders: new Map(),
    alarms: new Map(),
    ...newGroups(settings),
    verdictsAt: [],
    lastRestoreAt: Number.NEGATIVE_INFINITY,
    nextFence: 1,
    storing: new Map(),
    wallOffsetMs: 0,
    started: false,
    deferredSince: undefined,
    disabled: undefined,
  };
}

export function derive(settings: BoardSettings): Derived {
  const deadtimes = settings.hosts.map((host) => host.timing.deadtimeMs);
  const shortestDeadtimeMs = Math.min(...deadtimes);
  return {
    shortestDeadtimeMs,
    longestKeepaliveMs: Math.max(...settings.hosts.map((host) => host.timing.keepaliveMs)),
    shortestPauseMs: Math.min(...settings.hosts.map(pauseMs)),
    slowestFirst: settings.hosts
      .toSorted((a, b) => missedMs(b) - missedMs(a))
      .map(({ host }) => host),
    judgeTickMs: judgeTickMs(shortestDeadtimeMs),
    loopLagMs: loopLagMs(shortestDeadtimeMs),
    beaconMs: Math.min(...settings.hosts.map((host) => beaconMs(host.timing.keepaliveMs))),
  };
}

function newHost(settings: HostSettings, clock: BoardClock, now: Instant): Host {
  const channelDelayMs = delayMs(settings);
  const numbers = [...new Set(settings.outlets.map((outlet) => outlet.method))];
  const methods = numbers
    .sort((a, b) => a - b)
    .map((method) => settings.outlets.flatMap((o, i) => (o.method === method ? [i] : [])));
  return {
    settings,
    delayMs: channelDelayMs,
    freshnessMs: freshnessMs(settings.timing, channelDelayMs),
    methods,
    serial: settings.serial === undefined ? undefined : newMedium(clock, now),
    hearings: [
      ...(settings.serial === undefined ? [] : [newHearing('serial')]),
      ...(settings.mqtt ? [newHearing('mqtt')] : []),
    ],
    life: { at: 'absent', since: now },
    power: unknownPower(settings, now),
    twoAgents: false,
    timer: TIMER_OFF,
    goesOff: false,
    ended: [],
    verdictsAt: [],
    holdEndTick: 0,
    interruptedWallMs: [],
    hostileToldAt: Number.NEGATIVE_INFINITY,
    heard: [],
    fence: undefined,
    record: undefined,
    pulse: undefined,
    timerLost: undefined,
    timerAsked: undefined,
    timerByFile: undefined,
    kicks: undefined,
    lease: undefined,
    frozen: undefined,
    drill: undefined,
    drillFailed: undefined,
    tested: undefined,
    finding: undefined,
    held: undefined,
    maintenance: undefined,
    lostTo: undefined,
    doubtUntilAwake: undefined,
    sick: undefined,
    livedAt: undefined,
    spent: undefined,
    silentCutAt: undefined,
    groups: undefined,
  };
}

export function mediumOf(board: Board, host: Host, channel: BeatChannel): Medium {
  return channel === 'serial' && host.serial !== undefined ? host.serial : board.mqtt;
}

/** The name of what proves a channel on our side; absent where nothing can. */
export function chainName(host: Host, channel: BeatChannel): string | undefined {
  if (channel === 'mqtt') return 'mqtt';
  const adapter = host.settings.serial?.adapter;
  return adapter === undefined ? undefined : `serial:${adapter}`;
}

/**
 * What a channel of a host shares with other hosts. Serial ports without a named adapter may share
 * one, so for the suspicion of a shared fault they do; as proof for each other they do not count.
 */
export function fatesOf(host: Host, channel: BeatChannel): string {
  if (channel === 'mqtt') return 'mqtt';
  return `serial:${host.settings.serial?.adapter ?? ''}`;
}

/** The incarnation heard last, where it is a member. */
export function incarnationOf(host: Host): number | undefined {
  return host.life.at === 'absent' ? undefined : host.life.incarnation;
}

export function remember(host: Host, heard: Heard): void {
  host.heard = [...host.heard.slice(1 - HEARD_MAX), heard];
}

export function endLife(host: Host, ended: Host['ended'][number]): void {
  const others = host.ended.filter((old) => old.incarnation !== ended.incarnation);
  host.ended = [...others.slice(1 - ENDED_MAX), ended];
  if (host.lease?.incarnation === ended.incarnation) host.lease = undefined;
}
