/**
 * Jumps over quiet stretches. Where nothing is scheduled for long and the whole world repeats itself,
 * period for period, nothing new can happen before the next deed or before something grows old.
 *
 * Two pictures of the world are taken a period apart. Every number in them must have moved by the
 * period (a time that goes along), by nothing (a constant, or a time that grows old), or by a step
 * of its own (a counter). Then a jump of n periods is this: what is scheduled comes n periods sooner,
 * and what grows old is n periods older. Nothing is jumped over an age at which something could
 * change: all limits of the product are listed here, and sessions renew themselves in steps that are
 * really taken. A test shows that a world that was jumped is the world that was stepped.
 */
import * as limits from '../../../firmware-agent/core/limits.ts';
import { SESSION_PERIODS_MAX } from '../../../protocol/wire/session/derive.ts';
import { replan, waiting } from './agenda.ts';
import { DEED, tell, type World } from './state.ts';
import { run } from './world.ts';

/** What a picture leaves out: what never changes, what is opaque, and rings that are read by index. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['settings', 'plan', 'setup', 'ring', 'draw', 'lineIn', 'clock', 'crypto', 'orders', 'chance'],
  ...['issuedAt', 'sentAt', 'derived', 'beatRate', 'key', 'up', 'down', 'input', 'bytes', 'issued'],
]);

/** Names of instants on one clock or another: units stand last in this house. */
export const INSTANT: RegExp = /(At|Awake|[sS]ince)$|^(at|awake|listenedMs)$/;

interface Leaf {
  holder: Record<string, unknown> | unknown[];
  key: string | number;
  /** The name that counts: of the field, or of the list that it stands in. */
  name: string;
  value: unknown;
}

/** A picture of all that lives: the programs, the machines, and what waits. */
export function picture(world: World): Leaf[] {
  const leaves: Leaf[] = [];
  const { process } = world.board;
  const roots = {
    board: process?.board,
    clocks: process === undefined ? [] : [process.board.clock],
    table: process?.sessions.table,
    probes: process?.probes,
    machines: world.machines,
    parties: world.parties.map(({ connected }) => connected),
  };
  walk(roots, 'roots', leaves);
  for (const { at, kind, a } of waiting(world.agenda)) {
    if (SCHEDULED.has(kind)) continue;
    const holder = { waitAt: at, kind, a };
    for (const key of ['waitAt', 'kind', 'a'] as const) {
      leaves.push({ holder, key, name: key, value: holder[key] });
    }
  }
  return leaves;
}

const SCHEDULED: ReadonlySet<number> = new Set([DEED.begin, DEED.end, DEED.calm]);

function walk(thing: unknown, name: string, leaves: Leaf[]): void {
  if (thing === null || typeof thing !== 'object' || ArrayBuffer.isView(thing)) return;
  if (thing instanceof Map) {
    for (const [key, value] of thing) walk({ key, value }, name, leaves);
    return;
  }
  const isList = Array.isArray(thing);
  const holder = thing as Record<string, unknown>;
  // What is listened to has its time counted from the last change on; that never grows old.
  const isHeard = holder['listening'] === true;
  for (const key of Object.keys(holder)) {
    if (LEFT_OUT.has(key) || (isHeard && key.startsWith('changed'))) continue;
    const value = holder[key];
    const own = isList ? name : key;
    if (typeof value === 'object' && value !== null) walk(value, own, leaves);
    else if (typeof value !== 'function') leaves.push({ holder, key, name: own, value });
  }
}

/** Boards and machines count from different beginnings; what a stall took is on top of it. */
const CLOCKS_APART_MS = 3_000;

interface Judgement {
  /** How far a jump may go, ms. */
  horizonMs: number;
  ageing: Leaf[];
}

/** Compares two pictures a period apart; undefined where the world did not repeat itself. */
function judge(
  world: World,
  before: readonly Leaf[],
  after: readonly Leaf[],
  periodMs: number,
): Judgement | undefined {
  if (before.length !== after.length) return undefined;
  const marks = thresholds(world);
  const ageing: Leaf[] = [];
  let horizonMs = Number.POSITIVE_INFINITY;
  for (const [at, { name, value: is }] of after.entries()) {
    const { name: wasName, value: was } = before[at] as Leaf;
    if (name !== wasName || typeof is !== typeof was) return undefined;
    if (typeof is !== 'number' || typeof was !== 'number') {
      if (is !== was) return undefined;
      continue;
    }
    const isInstant = INSTANT.test(name);
    if (is !== was) {
      if (isInstant && is - was !== periodMs) return undefined;
      continue;
    }
    if (!isInstant || !Number.isFinite(is)) continue;
    // Each clock began at another moment; all of them within a second or so.
    const ageMs = world.now - is;
    for (const mark of marks) {
      const leftMs = mark - ageMs;
      if (leftMs > -CLOCKS_APART_MS) horizonMs = Math.min(horizonMs, leftMs - CLOCKS_APART_MS);
    }
    ageing.push(after[at] as Leaf);
  }
  return { horizonMs, ageing };
}

/** Every age at which some program might change its mind, ms. */
function thresholds({ machines }: World): number[] {
  const fixed = Object.values(limits).filter((value) => typeof value === 'number');
  const own = machines.flatMap(({ plan: { settings } }) => {
    const { timing, sick } = settings;
    const { keepaliveMs } = timing;
    return [
      ...Object.values(timing),
      ...[2 * timing.initdeadMs, 3 * timing.initdeadMs, sick?.timeMs ?? 0],
      ...[2 ** 15 * keepaliveMs, SESSION_PERIODS_MAX * keepaliveMs],
    ];
  });
  // A wait that ends in the future is an age of nothing.
  return [0, 3_000, 12_000, 60_000, ...fixed, ...own].filter((mark) => mark >= 0);
}

/** The least time after which everything with a beat of its own is in step again. */
export function periodOf(world: World): number {
  const process = world.board.process;
  const beats = world.machines.flatMap(({ plan: { settings, kickMs } }) => [
    settings.timing.keepaliveMs,
    ...settings.outlets.map(({ periodMs }) => Math.max(limits.SAMPLE_IDLE_MS, periodMs)),
    ...settings.senses.map(({ periodMs }) => Math.max(limits.SAMPLE_IDLE_MS, periodMs)),
    ...(kickMs > 0 ? [kickMs] : []),
  ]);
  const { judgeTickMs = 50, beaconMs = 1_000 } = process?.board.derived ?? {};
  return [...beats, judgeTickMs, beaconMs, 1_000].reduce(leastCommon);
}

function leastCommon(a: number, b: number): number {
  const greatest = (x: number, y: number): number => (y === 0 ? x : greatest(y, x % y));
  return (a / greatest(a, b)) * b;
}

/** Longer periods than this are not looked for. */
const PERIOD_MAX_MS = 30_000;
/** A world that did not repeat itself, or grows old just now, is looked at again after this long. */
const PATIENCE_MS = 2 * CLOCKS_APART_MS + 1_000;
/** Shorter jumps are not worth two pictures. */
const WORTH_PERIODS = 20;

/** Lets the world go on until `until`, by jumps where it can; answers how much was jumped. */
export function runOrJump(world: World, until: number): number {
  let jumpedMs = 0;
  for (;;) {
    const end = until - jumpedMs;
    const nextAt = Math.min(end, nextScheduled(world));
    const periodMs = isInStep(world) ? periodOf(world) : Number.POSITIVE_INFINITY;
    if (periodMs > PERIOD_MAX_MS) {
      run(world, nextAt);
    } else if (nextAt - world.now > (WORTH_PERIODS + 2) * periodMs && isSteady(world)) {
      const leapMs = tryJump(world, periodMs, nextAt);
      jumpedMs += leapMs;
      tell(world, { kind: 'leap', ms: leapMs });
      if (leapMs === 0) run(world, Math.min(nextAt, world.now + PATIENCE_MS));
    } else {
      run(world, Math.min(nextAt, world.now + PATIENCE_MS));
    }
    if (world.now >= until - jumpedMs) return jumpedMs;
  }
}

/**
 * Clocks that drift against each other come back to where they were only after hours. The calm is
 * never jumped: what is owed then is owed in time that those who look on have seen.
 */
function isInStep({ board, calm, machines }: World): boolean {
  if (calm) return false;
  return board.clock.rate === 1 && machines.every(({ clock }) => clock.rate === 1);
}

/** Jumps as far as it may; answers how far, which may be not at all. */
export function tryJump(world: World, periodMs: number, nextAt: number): number {
  const before = picture(world);
  run(world, world.now + periodMs);
  if (!isSteady(world)) return 0;
  const found = judge(world, before, picture(world), periodMs);
  if (found === undefined) return 0;
  const most = Math.min(found.horizonMs, nextAt - world.now - 2 * periodMs);
  const periods = Math.floor(most / periodMs);
  if (periods < WORTH_PERIODS) return 0;
  const leapMs = periods * periodMs;
  for (const { holder, key, value } of found.ageing) {
    (holder as Record<string | number, unknown>)[key] = (value as number) - leapMs;
  }
  const sooner = (at: number, kind: number): number => (SCHEDULED.has(kind) ? at - leapMs : at);
  replan(
    world.agenda,
    waiting(world.agenda).map((deed) => ({ ...deed, at: sooner(deed.at, deed.kind) })),
  );
  return leapMs;
}

/** When the next deed of the plan is due; at this moment, where it is due now. */
function nextScheduled(world: World): number {
  let nextAt = Number.POSITIVE_INFINITY;
  for (const slot of world.agenda.heap) {
    if (!SCHEDULED.has(world.agenda.kind[slot] as number)) continue;
    nextAt = Math.min(nextAt, world.agenda.at[slot] as number);
  }
  return nextAt;
}

/** Nothing is under way that has an end of its own. */
function isSteady(world: World): boolean {
  const { process, stalls } = world.board;
  if (process === undefined || stalls > 0 || !process.board.started) return false;
  if (world.active.size > 0 || world.ghost !== undefined) return false;
  if (world.jobs.some(({ run: { at } }) => at !== 'ended')) return false;
  return [...process.board.hosts.values()].every(
    ({ fence, pulse, maintenance }) =>
      fence === undefined && pulse === undefined && maintenance === undefined,
  );
}
