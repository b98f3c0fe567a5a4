/**
 * Every limit of the board, each with its reason beside it.
 *
 * The timers that a person sets (keepalive, deadtime and the like) decide when a host is found
 * dead. Everything else that waits, counts or queues is bounded by a number from this file, either
 * fixed or derived here from those timers, so that the configuration check, the core, the
 * simulator and the documentation can never disagree about one of them.
 *
 * Pure: durations are milliseconds unless the name says otherwise.
 */
import type { HostSettings, Timing } from './settings.ts';

// --- what a person may set -----------------------------------------------------------------------

/** Node turns a delay of 2^31 ms or more into 1 ms, so a typing error would fence at once. */
export const DURATION_END_MS: number = 2 ** 31;

/** Below this the scheduler of a busy host and the pace of a serial line would decide, not death. */
export const KEEPALIVE_MIN_MS = 50;

/** Three beats must be missing before silence can mean anything: one may be lost, one late. */
export const DEADTIME_KEEPALIVES_MIN = 3;

/** A supply may keep a machine alive for most of a second after its power has gone. */
export const OFF_HOLD_MIN_MS = 1_000;

export const DEFAULT_KEEPALIVE_MS = 1_000;
export const DEFAULT_DEADTIME_MS = 15_000;
/** Long enough to count discharged capacitors as off, short enough for a takeover in a minute. */
export const DEFAULT_OFF_HOLD_MS = 5_000;
/** Most supplies read off within it; an ATX button held down needs 15 s. */
export const DEFAULT_DRAIN_MS = 2_000;

/** A check that fails for a minute is no passing load. */
export const DEFAULT_SICKTIME_MS = 60_000;

/** Warns once a third of the deadtime has passed, and after 5 s at the latest. */
export function defaultWarntimeMs(deadtimeMs: number): number {
  return Math.min(5_000, deadtimeMs / 3);
}

/** A server boots in two minutes; where the deadtime is longer than one, booting gets twice that. */
export function defaultInitdeadMs(deadtimeMs: number): number {
  return Math.max(120_000, 2 * deadtimeMs);
}

// --- how long a message may take -----------------------------------------------------------------

/** A broker with a retransmission in its path; more is stale, less would be our optimism. */
export const MQTT_DELAY_MS = 500;

/** A frame at 19,200 baud, and a turn of either program. */
export const SERIAL_DELAY_MS = 20;

/** A longer delay would let a beat be fresh that is older than the ticks that the board keeps. */
export const DELAY_MAX_MS = 10_000;

/** The longest time that a message of this host may honestly take: its slowest channel counts. */
export function delayMs(host: Pick<HostSettings, 'serial' | 'mqtt' | 'delayMs'>): number {
  const serialMs = host.serial === undefined ? 0 : (host.delayMs?.serial ?? SERIAL_DELAY_MS);
  const mqttMs = host.mqtt ? (host.delayMs?.mqtt ?? MQTT_DELAY_MS) : 0;
  return Math.max(serialMs, mqttMs);
}

// --- derived from the timers ---------------------------------------------------------------------

/** T: how often the board sends BEACON, ALIVE and its own echo. */
export function beaconMs(keepaliveMs: number): number {
  return Math.min(keepaliveMs, 1_000);
}

/** F: a beat that echoes an older tick than this is stale and never counts as life. */
export function freshnessMs(timing: Timing, channelDelayMs: number): number {
  const roundTripMs = 2 * beaconMs(timing.keepaliveMs) + 2 * channelDelayMs;
  return Math.max(Math.min(timing.deadtimeMs / 3, 5_000), roundTripMs);
}

/** P: the longest gap between two proofs of a channel that still makes one stretch of proof. */
export function proofGapMs(timing: Timing, channelDelayMs: number): number {
  return Math.max(timing.deadtimeMs / 3, beaconMs(timing.keepaliveMs) + 2 * channelDelayMs);
}

/** More than this of the deadtime in gaps, and a channel could be "proven" by two sightings. */
export const PROOF_GAP_DEADTIMES_MAX = 0.75;

/** q: how often the board judges; a verdict falls at most this late. */
export function judgeTickMs(shortestDeadtimeMs: number): number {
  return Math.min(shortestDeadtimeMs / 20, 50);
}

/** L: a judge tick later than this means that the board itself was stalled and heard nothing. */
export function loopLagMs(shortestDeadtimeMs: number): number {
  return Math.min(250, shortestDeadtimeMs / 3);
}

/** After its own stall the board listens this long before any verdict: beats are on their way. */
export function settleMs(keepaliveMs: number): number {
  return 3 * keepaliveMs;
}

/** Two senses of one host fall together when its power goes; later than this they did not. */
export function powerLossMs(timing: Timing, channelDelayMs: number): number {
  return 2 * timing.keepaliveMs + channelDelayMs;
}

/** How long after a beat the next one should have come. */
export function missedMs(host: Paced): number {
  return host.timing.keepaliveMs + delayMs(host);
}

/**
 * The longest pause of another host that tells nothing of a path: what fails for no longer makes
 * nobody miss his deadtime.
 */
export function pauseMs(host: Paced): number {
  return Math.max(proofGapMs(host.timing, delayMs(host)), missedMs(host));
}

/** After a path was cut off for so long, how long a host may take to be heard on it again. */
export function comebackMs({ deadtimeMs, initdeadMs }: Timing, outageMs: number): number {
  return Math.max(deadtimeMs, Math.min(outageMs, initdeadMs));
}

/** How long after its own last beat a host may have to wait because of one that shares a path. */
export function companyMs(host: Paced, other: Paced): number {
  const otherMs = missedMs(other);
  const waitMs = otherMs > pauseMs(host) ? comebackMs(host.timing, otherMs) : 0;
  return missedMs(host) + otherMs + waitMs;
}

type Paced = Pick<HostSettings, 'timing' | 'serial' | 'mqtt' | 'delayMs'>;

/** A sample older than this is no fact; it never outlives half the off-hold. */
export function sampleAgeMs(tickMs: number, driverPeriodMs: number, offHoldMs: number): number {
  return Math.min(Math.max(3 * tickMs, 500, 3 * driverPeriodMs), offHoldMs / 2);
}

/** What is not proven this long after the cut fails the method. */
export function proofLimitMs(timing: Timing): number {
  return timing.drainMs + 2 * timing.offHoldMs;
}

/** Error of the two clocks against each other: cheap crystals over their temperature range. */
export const CLOCK_RATE_ERROR = 0.001;

/**
 * How long after its last word a host may live that restarts itself after `timeoutMs` without us, and
 * is restarted by a watchdog that somebody may have fed once more by closing it.
 */
export function lifeEndMs(timeoutMs: number, watchdogMs: number): number {
  return (timeoutMs + 2 * watchdogMs) * (1 + 2 * CLOCK_RATE_ERROR);
}

// --- the watchdog timer ---------------------------------------------------------------------------

/**
 * The shortest time after which a timer of this host may act: it stands in for the deadtime, so
 * what holds for that holds here, on a board whose L was derived from the deadtimes alone.
 */
export function timerMinMs(timing: Timing, channelDelayMs: number, lagMs: number): number {
  const { keepaliveMs } = timing;
  const proofMs = (beaconMs(keepaliveMs) + 2 * channelDelayMs) / PROOF_GAP_DEADTIMES_MAX;
  const aboveFreshMs = freshnessMs(timing, channelDelayMs) + 1;
  return Math.ceil(
    Math.max(DEADTIME_KEEPALIVES_MIN * keepaliveMs, proofMs, aboveFreshMs, 3 * lagMs),
  );
}

/** A host's timers with a timer's time for the deadtime. */
export function timingWith(timing: Timing, deadtimeMs: number): Timing {
  const warntimeMs = Math.min(timing.warntimeMs, defaultWarntimeMs(deadtimeMs));
  const initdeadMs = Math.max(timing.initdeadMs, deadtimeMs);
  return { ...timing, deadtimeMs, warntimeMs, initdeadMs };
}

// --- fences and restores -------------------------------------------------------------------------

/** J: a disk that does not answer must not keep a dead host alive; the cut goes on, `unlogged`. */
export const JOURNAL_WAIT_MS = 500;

/** Between autonomous fences, so that a shared fault shows itself before the second host goes. */
export const FENCE_GAP_MS = 30_000;

/** Between restores: servers draw several times their power while they start. */
export const RESTORE_GAP_MS = 2_000;

/** A host that needs more than three fences in an hour is not helped by the fourth. */
export const FENCES_PER_HOST_MAX = 3;

/** A board that fences ten times an hour is more likely wrong than right; then it asks. */
export const FENCES_PER_BOARD_MAX = 10;

export const FENCE_BUDGET_WINDOW_MS = 3_600_000;

/**
 * How often devices are asked while no fence runs: often enough to see a supply fall together with
 * the last beat (two keepalives), seldom enough for hundreds of hosts.
 */
export const SAMPLE_IDLE_MS = 500;

/** A run of idle samples bears with two that are missing. */
export function idleSampleAgeMs(driverPeriodMs: number): number {
  return 3 * Math.max(SAMPLE_IDLE_MS, driverPeriodMs);
}

/** A device that has said nothing for so long is broken, unplugged or not there. */
export const DEVICE_SILENT_MS = 10_000;

/** An unknown host is mentioned again this often: often enough to be seen, not to fill a log. */
export const UNKNOWN_ALARM_PERIOD_MS = 60_000;

/** A stall that defers verdicts is alarmed after two deadtimes and ends the process after four. */
export const SICK_OBSERVER_ALARM_DEADTIMES = 2;
export const SICK_OBSERVER_RESTART_DEADTIMES = 4;

/** A host that keeps being interrupted in mid-fence is frozen for a person to look at. */
export const INTERRUPTED_MAX = 3;
export const INTERRUPTED_WINDOW_MS = 600_000;

/** Three starts in ten minutes are a crash loop. */
export const STARTS_MAX = 3;
export const STARTS_WINDOW_MS = 600_000;

// --- leaving and orders --------------------------------------------------------------------------

/** Planned work on one server; who needs longer says so. */
export const MAINTENANCE_DEFAULT_MS = 3_600_000;

/** Nobody remembers after a week that a host is guarded by nobody. */
export const MAINTENANCE_MAX_MS: number = 7 * 24 * 3_600_000;

/** A host that needs more than ten minutes to stop may as well be stuck. */
export const LEAVE_MAX_MS = 600_000;

/** An order waits at most this long between being given and its cut; later it is history. */
export const ORDER_TTL_MAX_MS = 30_000;

/** Stored outcomes answer the same order again; nobody repeats one after ten minutes. */
export const ORDER_KEPT_MS = 600_000;

/** Stored outcomes: far above what people and clusters give in ten minutes. */
export const ORDERS_KEPT_MAX = 256;

// --- memory, queues and disk ---------------------------------------------------------------------

/** Fence records kept, in memory and on disk; about 1 MB at worst. */
export const RECORDS_MAX = 200;

/** One record; a fence of many outlets has some dozens of entries. */
export const RECORD_BYTES_MAX = 65_536;

/** Tapes of fences kept on disk, some ten kilobytes each for a board of two hosts. */
export const TAPES_MAX = 20;

/** A board of more hosts gets more events in a second than it should keep in memory. */
export const TAPE_HOSTS_MAX = 200;

/** Events in one length of a tape, of which two are kept: half a minute of a hundred hosts. */
export const TAPE_STEPS_MAX = 20_000;

/** Entries in one record; a welded relay read for minutes must not fill the memory. */
export const RECORD_ENTRIES_MAX = 256;

/** Payload of the state file: orders, locks and intents of a few hundred hosts. */
export const STATE_BYTES_MAX: number = 1 << 20;

/** Flash wears; only the intent of a cut is written sooner. */
export const STATE_WRITE_GAP_MS = 1_000;

/** Alarms that wait for the hook; the newest are dropped, and counted, when it lags. */
export const HOOK_QUEUE_MAX = 32;

/** An alert hook sends a mail; one that takes longer hangs. */
export const HOOK_TIME_MS = 10_000;

/** Hosts of one board: numbers are 16 bit, the promise is thousands over a broker. */
export const HOSTS_MAX = 5_000;

/** Outlets, and senses, of one host: supplies times methods, and then some. */
export const OUTLETS_PER_HOST_MAX = 16;

/** Methods of one host; each may take half a minute to fail. */
export const METHODS_MAX = 8;
