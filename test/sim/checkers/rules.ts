/**
 * The numbers of the safety rules, worked out anew from the settings and never taken from the code
 * that is judged: a formula that is wrong there must not be wrong here in the same way.
 *
 * K keepalive, W warntime, D deadtime, I initdead, H off-hold, U drain; d the longest honest delay
 * of a host's channels, T the beacon period, F the age up to which a beat is fresh, P the longest
 * gap in a proof, q the judge tick, L the longest gap between two judge ticks that is no stall.
 *
 * Clocks of two machines differ by up to 0.1 %, and the world's clock is a third one: whoever
 * compares a span with a limit allows for both, and for one millisecond of rounding. A world may say
 * that its clocks are worse than the rules allow; then all is judged by what they are.
 */
import type { BoardSettings, HostSettings } from '../../../firmware-agent/core/settings.ts';
import type { WorldFacts } from '../witness.ts';

/** Spans as two clocks of this world may measure them. */
export interface Spans {
  /** A span that has to be at least so long, as short as it can be found. */
  atLeast(ms: number): number;
  /** A span that may be at most so long, as long as it can be found. */
  atMost(ms: number): number;
}

export interface HostRules extends Spans {
  host: number;
  settings: HostSettings;
  keepaliveMs: number;
  deadMs: number;
  initdeadMs: number;
  holdMs: number;
  drainMs: number;
  delayMs: number;
  freshMs: number;
  proofGapMs: number;
  /** 2K + d: who was heard within it may still be beating. */
  soonMs: number;
  /** Outlet indexes by method, in the order in which they are tried. */
  methods: number[][];
}

export interface Rules extends Spans {
  settings: BoardSettings;
  /** Indexed by host number. */
  hosts: (HostRules | undefined)[];
  all: HostRules[];
  judgeMs: number;
  lagMs: number;
  beaconMs: number;
}

/** J: how long a cut waits for the disk. */
export const JOURNAL_MS = 500;
/** Between the starts of two autonomous fences. */
export const GAP_MS = 30_000;
export const RESTORE_GAP_MS = 2_000;
export const TTL_MAX_MS = 30_000;
export const LEAVE_MAX_MS = 600_000;
const RATE_ERROR = 0.001;

const known = new WeakMap<WorldFacts, Rules>();

/** The rules of one world; the same object for all who ask about that world. */
export function rulesOf(facts: WorldFacts): Rules {
  const rules = known.get(facts) ?? workOut(facts);
  known.set(facts, rules);
  return rules;
}

function workOut({ settings, clockError = RATE_ERROR }: WorldFacts): Rules {
  const spans: Spans = {
    atLeast: (ms) => ms * (1 - 2 * clockError) - 1,
    atMost: (ms) => ms * (1 + 2 * clockError) + 1,
  };
  const all = settings.hosts.map((host) => ({ ...hostRules(host), ...spans }));
  const shortestMs = Math.min(...all.map(({ deadMs }) => deadMs));
  const hosts: (HostRules | undefined)[] = [];
  for (const rules of all) hosts[rules.host] = rules;
  return {
    ...spans,
    settings,
    hosts,
    all,
    judgeMs: Math.min(shortestMs / 20, 50),
    lagMs: Math.min(250, shortestMs / 3),
    beaconMs: Math.min(1_000, ...all.map(({ keepaliveMs }) => keepaliveMs)),
  };
}

function hostRules(settings: HostSettings): Omit<HostRules, keyof Spans> {
  const { keepaliveMs, deadtimeMs, initdeadMs, offHoldMs, drainMs } = settings.timing;
  const serialMs = settings.serial === undefined ? 0 : (settings.delayMs?.serial ?? 20);
  const mqttMs = settings.mqtt ? (settings.delayMs?.mqtt ?? 500) : 0;
  const delayMs = Math.max(serialMs, mqttMs);
  const beaconMs = Math.min(keepaliveMs, 1_000);
  const numbers = [...new Set(settings.outlets.map(({ method }) => method))].sort((a, b) => a - b);
  return {
    host: settings.host,
    settings,
    keepaliveMs,
    deadMs: deadtimeMs,
    initdeadMs,
    holdMs: offHoldMs,
    drainMs,
    delayMs,
    freshMs: Math.max(Math.min(deadtimeMs / 3, 5_000), 2 * beaconMs + 2 * delayMs),
    proofGapMs: Math.max(deadtimeMs / 3, beaconMs + 2 * delayMs),
    soonMs: 2 * keepaliveMs + delayMs,
    methods: numbers.map((number) =>
      settings.outlets.flatMap(({ method }, outlet) => (method === number ? [outlet] : [])),
    ),
  };
}

/** How old a reading may be and still count: max(3q, 0.5 s, three periods), at most H/2. */
export function sampleMs(rules: Rules, { holdMs, settings }: HostRules): number {
  const periodMs = Math.max(
    ...settings.outlets.map((outlet) => outlet.periodMs),
    ...settings.senses.map((sense) => sense.periodMs),
  );
  return Math.min(Math.max(3 * rules.judgeMs, 500, 3 * periodMs), holdMs / 2);
}
