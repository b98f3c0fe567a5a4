/**
 * Misfortunes that come together. Two faults meet by chance seldom enough; the rules that are the
 * hardest to keep are those for the second one: a relay that sticks in the very fence that needs it,
 * a path that fails while the other is broken, an order that grows old behind a slow disk.
 */
import type { Prng } from '../lib/prng.ts';
import { FAULTS } from './faults/all.ts';
import type { Entry, Plan } from './plan.ts';

const BROKEN_DEVICES = [
  ...['relay-welded', 'relay-stuck-open', 'relay-late', 'relay-bounces', 'relay-lies'],
  ...['sense-lies-off', 'sense-lies-on', 'sense-unknown', 'sense-mute', 'devices-slow'],
];
const BOARD_IN_TROUBLE = ['crash', 'stall', 'disk-slow', 'crash-in-fence', 'power-loss'];
const BOARD_PARTED = ['agent-parted', 'agent-parted-up', 'agent-parted-down', 'broker-paused'];
const MOSTLY_BROKEN = [...BROKEN_DEVICES, ...BROKEN_DEVICES, ...BROKEN_DEVICES];
const IN_A_FENCE = [...MOSTLY_BROKEN, ...BOARD_IN_TROUBLE, 'order-fence'];
const ON_ITS_WAY = ['disk-slow', 'disk-slow', 'stall', 'crash', 'order-fence', 'order-on'];
const LINES_BROKEN = ['cable', 'cable-up', 'cable-down', 'loss-bursts'];

interface Company {
  kinds: readonly string[];
  /** When, in deadtimes of the host after the first. */
  at: readonly number[];
}

const inAFence: Company = { kinds: IN_A_FENCE, at: [-0.2, 0, 0.3, 0.9, 1.05, 1.2] };
const onItsWay: Company = {
  kinds: [...ON_ITS_WAY, ...ON_ITS_WAY, ...MOSTLY_BROKEN],
  at: [-0.3, -0.1, -0.01, 0, 0.02, 0.3],
};
const together = (kinds: readonly string[]): Company => ({ kinds, at: [-0.3, 0, 0.01, 0.3, 0.9] });

/** Who joins whom. */
const COMPANY: Readonly<Record<string, Company>> = {
  hang: inAFence,
  freeze: inAFence,
  'order-fence': onItsWay,
  'order-off': onItsWay,
  duel: onItsWay,
  cable: together([...BOARD_PARTED, 'stall']),
  'cable-up': together(BOARD_PARTED),
  ...Object.fromEntries(BOARD_PARTED.map((kind) => [kind, together(LINES_BROKEN)])),
};

/** What else strikes at about the time of `entry`, mostly the same host. */
export function drawCompany(chance: Prng, plan: Plan, entry: Entry): Entry[] {
  const company = COMPANY[entry.kind];
  const drawn =
    STORIES[entry.kind]?.(chance, plan, entry) ??
    (company === undefined ? [] : [drawOne(chance, plan, entry, company) ?? []].flat());
  return drawn.filter(({ at }) => at >= 0 && at < plan.calmAt);
}

type Story = (chance: Prng, plan: Plan, entry: Entry) => Entry[];

/** Where one companion is not enough. */
const STORIES: Readonly<Record<string, Story>> = {
  'shim-stopped': backOnOneChannel,
  'order-pulse': livesAnewMeanwhile,
};

/** The intent of a pulse waits for a slow disk, and meanwhile the host is heard in a new life. */
function livesAnewMeanwhile(chance: Prng, plan: Plan, { at, host }: Entry): Entry[] {
  const own = plan.hosts.find(({ settings }) => settings.host === host);
  if (own === undefined || host === undefined) return [];
  const heardAt = at + chance.pick([-100, 0, 100, 200, 300]);
  return [
    { at: at - 100, forMs: 1_000, kind: 'disk-slow', with: { how: 'slow' } },
    { at: heardAt - own.bootMs, forMs: 0, kind: 'reset', host, with: {} },
  ];
}

/**
 * A shim that left in order is started again in the same life of its host, and one of its channels is
 * broken by then; later the other one breaks. What each was worth before the leave must count no more.
 */
function backOnOneChannel(chance: Prng, plan: Plan, { at, host }: Entry): Entry[] {
  const own = plan.hosts.find(({ settings }) => settings.host === host);
  if (own === undefined || host === undefined) return [];
  const { deadtimeMs } = own.settings.timing;
  const [gone, back] = chance.pick([
    ['serial', 'mqtt'],
    ['mqtt', 'serial'],
  ] as const);
  const backAt = at + Math.round(deadtimeMs * chance.pick([0.3, 1, 3]));
  const breaksAt = backAt + Math.round(deadtimeMs * chance.pick([0.5, 1, 2]));
  const cable = { forMs: 8 * deadtimeMs, kind: 'cable', host } as const;
  return [
    { ...cable, at: backAt - 50, with: { channel: gone, way: 'both' } },
    { at: backAt, forMs: 0, kind: 'shim-started', host, with: {} },
    { ...cable, at: breaksAt, forMs: 3 * deadtimeMs, with: { channel: back, way: 'both' } },
  ];
}

function drawOne(chance: Prng, plan: Plan, entry: Entry, company: Company): Entry | undefined {
  const kind = chance.pick(company.kinds);
  const { host } = entry;
  const own = plan.hosts.filter(({ settings }) => settings.host === host);
  const drawn = FAULTS[kind]?.draw(chance, own.length === 0 ? plan : { ...plan, hosts: own });
  if (drawn === undefined) return undefined;
  const deadtimeMs = (own[0] ?? chance.pick(plan.hosts)).settings.timing.deadtimeMs;
  const afterMs = Math.round(deadtimeMs * chance.pick(company.at));
  const at = Math.max(0, entry.at + afterMs);
  const { with: more = {} } = drawn;
  // What breaks lasts until the fence that needs it.
  const forMs = (drawn.forMs ?? 0) + (BROKEN_DEVICES.includes(kind) ? deadtimeMs : 0);
  return { at, forMs, kind, ...(drawn.host === undefined ? {} : { host: drawn.host }), with: more };
}
