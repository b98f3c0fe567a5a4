/**
 * Worlds made by chance: hosts of all kinds, and faults that come and go and meet each other. One
 * seed decides everything. A host has honest contacts or honest senses, or both: where everything
 * lies, nobody can know.
 */
import type { Order } from '../../../../firmware-agent/core/events.ts';
import type { HostSettings, Timing } from '../../../../firmware-agent/core/settings.ts';
import type { TimerSettings } from '../../../../protocol/wire/timer.ts';
import { type Prng, prng } from '../../../lib/prng.ts';
import { boot, settlePower } from './bench.ts';
import { type Blackout, blackOut, mend } from './blackout.ts';
import type { Machine } from './machine.ts';
import { boundKey, guarded, OPERATOR } from './settings.ts';
import { type World, world } from './world.ts';

/** Short timers, so that much happens in little time. */
export const QUICK: Timing = {
  keepaliveMs: 300,
  warntimeMs: 600,
  deadtimeMs: 1_500,
  initdeadMs: 5_000,
  offHoldMs: 1_000,
  drainMs: 300,
};

/** What a host's own devices may lie about; the other kind is honest. */
export type Liar = 'nobody' | 'contacts' | 'senses';

export interface Chaos {
  w: World;
  chance: Prng;
  liars: Map<number, Liar>;
  /** Hosts whose devices were ever faulty or lying. */
  touched: Set<number>;
  /** Orders given so far, for giving one again. */
  given: {
    cmdId: string;
    host: string;
    op: Order['op'];
    incarnation: number;
    args: Order['args'];
    by?: string;
  }[];
  /** Lives that each host had, first to last. */
  lives: Map<number, number[]>;
  /** What was ever wished for the timer of each host. */
  timers: Map<number, TimerSettings[]>;
  /** When something on each host kicked, oldest first; `kicking` holds those that go on. */
  kickedAt: Map<number, number[]>;
  kicking: Set<number>;
  /** The latest failure of all paths at once. */
  blackout?: Blackout;
}

/** `timed`: hosts have lines to pulse, and some have watchdog timers; each has its own pace. */
export function chaosOf(seed: number, timed = false): Chaos {
  const chance = prng(seed);
  const hosts = ['alpha', 'beta', 'gamma']
    .slice(0, chance.between(1, 3))
    .map((name, i) => anyHost(chance, i + 1, name));
  if (timed) for (const host of hosts) addTimer(prng(seed + host.host), host);
  if (timed) for (const host of hosts) differ(prng(seed + 10 * host.host), host);
  const feeds: Record<string, number[][]> = {};
  for (const host of hosts) {
    // Outlets of one method stand side by side; a second method stands before them all.
    const [first, second] = [1, 2].map((method) =>
      host.outlets.flatMap((o, i) => (o.method === method ? [i] : [])),
    );
    feeds[host.name] = (first ?? []).map((outlet) => [outlet, ...(second ?? [])]);
  }
  const orderers = [OPERATOR, boundKey(2, 'second', 2), boundKey(3, 'third', 3)];
  const w = world({ hosts, feeds, seed, board: { orderers, brokerOnBoard: chance.chance(0.2) } });
  for (const machine of w.state.machines.values()) {
    machine.holdUpMs = chance.between(0, 200);
    machine.bootMs = chance.between(200, 2_500);
  }
  const liars = new Map(hosts.map((host) => [host.host, liarOf(chance, host)]));
  const timers = new Map(
    hosts.map(({ host, timer }) => [host, timer === undefined ? [] : [timer]]),
  );
  const more = { timers, kickedAt: new Map(), kicking: new Set(hosts.map(({ host }) => host)) };
  const c: Chaos = { w, chance, liars, touched: new Set(), given: [], lives: new Map(), ...more };
  if (timed) for (const host of hosts) keepKicking(c, host.host, host.name);
  return c;
}

function addTimer(chance: Prng, host: HostSettings): void {
  host.pulses = [
    { name: 'button', kind: 'reset' },
    { name: 'nmi', kind: 'diag' },
  ];
  if (chance.chance(0.5)) host.timer = anyTimer(chance);
}

function differ(chance: Prng, host: HostSettings): void {
  host.timing = { ...QUICK, keepaliveMs: chance.pick([150, 220, 300, 300]) };
  if (chance.chance(0.3)) host.sick = { timeMs: 2_000 };
}

function anyTimer(chance: Prng): TimerSettings {
  const mode = chance.pick(['beat', 'kick'] as const);
  const preAction = chance.pick(['none', 'warn'] as const);
  return {
    use: 'sms-os',
    mode,
    nowayout: chance.chance(0.3),
    action: chance.pick(['none', 'reset', 'off', 'cycle', 'diag'] as const),
    preAction,
    timeoutMs: 100 * chance.between(mode === 'beat' ? 9 : 20, mode === 'beat' ? 14 : 30),
    pretimeoutMs: preAction === 'none' ? 0 : 500,
  };
}

/** A program on the host that kicks as long as it is well, often enough for any timer here. */
function keepKicking(c: Chaos, host: number, name: string): void {
  const machine = c.w.machine(name);
  const again = (): void => {
    if (c.kicking.has(host) && machine.at === 'up') {
      c.kickedAt.set(host, [...(c.kickedAt.get(host) ?? []).slice(-40), c.w.now]);
      c.w.kick(name);
    }
    c.w.state.agenda.add(c.w.now + 450, again);
  };
  again();
}

function anyHost(chance: Prng, host: number, name: string): HostSettings {
  const two = chance.chance(0.3);
  const methods = chance.chance(0.3) ? 2 : 1;
  const periodMs = chance.pick([50, 100]);
  const proof = chance.chance(0.3) ? 'by-hold' : 'verified';
  const readable = proof === 'by-hold' || chance.chance(0.85);
  const outlet = (label: string, method: number): HostSettings['outlets'][number] => ({
    name: label,
    method,
    readable,
    periodMs,
  });
  const outlets = [
    outlet('a', 1),
    ...(two ? [outlet('b', 1)] : []),
    ...(methods === 2 ? [outlet('c', 2)] : []),
  ];
  const sense = {
    name: 'sense',
    covers: 'host',
    periodMs,
    showsBreak: chance.chance(0.7),
  } as const;
  return guarded(host, name, {
    timing: QUICK,
    delayMs: { serial: 20, mqtt: 50 },
    proof,
    silence: chance.chance(0.2) ? 'act' : 'prove',
    afterFence: chance.chance(0.2) ? 'stay-off' : 'restore',
    serial: { adapter: chance.pick(['hub', `${name}-port`]), modem: false },
    outlets,
    senses: [sense],
  });
}

function liarOf(chance: Prng, host: HostSettings): Liar {
  const liar = chance.pick(['nobody', 'nobody', 'contacts', 'senses'] as const);
  if (host.outlets.some(({ readable }) => !readable)) return 'nobody';
  // By hold the contacts are all that is asked.
  return liar === 'contacts' && host.proof === 'by-hold' ? 'senses' : liar;
}

type Fault = (c: Chaos, machine: Machine, name: string) => void;

const FAULTS: Record<string, [weight: number, fault: Fault]> = {
  hang: [6, ({ w }, _, name) => w.hang(name)],
  reset: [2, ({ w }, machine) => reset(w, machine)],
  cable: [
    8,
    (c, _, name) => {
      const { w, chance } = c;
      const way = chance.pick(['up', 'down', undefined] as const);
      const is = chance.pick(['broken', 'whole'] as const);
      if (is === 'whole') mend(c);
      w.cable(name, chance.pick(['serial', 'mqtt'] as const), is, way);
    },
  ],
  blackout: [5, blackOut],
  sick: [
    3,
    ({ chance }, machine) => {
      machine.sick = chance.chance(0.5);
    },
  ],
  ended: [
    3,
    ({ w, chance }, _, name) => {
      const why = chance.pick(['expired', 'revoked'] as const);
      w.endSession(name, chance.pick(['serial', 'mqtt'] as const), why);
    },
  ],
  loss: [
    3,
    ({ w, chance }, _, name) => {
      w.path(name, chance.pick(['serial', 'mqtt'] as const)).lossUp = chance.pick([0, 0.3, 0.9]);
    },
  ],
  slow: [
    2,
    ({ w, chance }, _, name) => {
      w.path(name, 'mqtt').delayMs = chance.pick([5, 40, 400, 1_200]);
    },
  ],
  hoard: [3, ({ w }, _, name) => w.hoard(name, 'mqtt')],
  release: [3, ({ w }, _, name) => w.release(name, 'mqtt')],
  broker: [4, ({ w, chance }) => w.broker(chance.chance(0.6))],
  'broker mute': [
    2,
    ({ w, chance }) => {
      w.state.brokerWorks = chance.chance(0.6);
    },
  ],
  port: [3, ({ w, chance }, _, name) => w.serialPort(name, chance.chance(0.6))],
  stall: [4, ({ w, chance }) => w.stall(chance.between(60, 2_500))],
  crash: [
    3,
    ({ w, chance }) => {
      if (w.state.process === undefined) return;
      w.crash();
      w.state.agenda.add(w.now + chance.between(50, 1_500), () => w.start());
    },
  ],
  disk: [
    2,
    ({ w, chance }) => {
      w.state.disk.works = chance.chance(0.6);
      w.state.disk.delayMs = chance.pick([2, 100, 700]);
    },
  ],
  relay: [3, breakRelay],
  lie: [3, lie],
  leave: [
    2,
    ({ w, chance }, _, name) => {
      const more = { returnByS: 1, reason: chance.pick(['stop', 'stop-failed', 'off'] as const) };
      w.leave(name, chance.pick(['leaving', 'left'] as const), more);
    },
  ],
  order: [12, anyOrder],
  kicker: [
    4,
    ({ kicking, chance }, machine) => {
      if (chance.chance(0.5)) kicking.delete(machine.settings.host);
      else kicking.add(machine.settings.host);
    },
  ],
  arm: [
    5,
    ({ w, chance, timers }, machine, name) => {
      if (machine.settings.pulses.length === 0) return;
      const timer = chance.chance(0.8) ? anyTimer(chance) : undefined;
      if (timer !== undefined) timers.get(machine.settings.host)?.push(timer);
      w.arm(name, timer);
    },
  ],
  line: [
    1,
    ({ chance }, machine) => {
      machine.lines = chance.pick(['wired', 'dead'] as const);
    },
  ],
};

const NAMES = Object.entries(FAULTS).flatMap(([name, [weight]]) => Array(weight).fill(name));

/** One fault of any kind; answers its name. */
export function strike(c: Chaos): string {
  const fault: string = c.chance.pick(NAMES);
  const machine = c.chance.pick([...c.w.state.machines.values()]);
  FAULTS[fault]?.[1](c, machine, machine.settings.name);
  return `${fault} ${machine.settings.name}`;
}

/** Takes every fault back; what hangs stays hung, and a crashed agent starts. */
export function heal(c: Chaos): void {
  const { w } = c;
  mend(c);
  for (const machine of w.state.machines.values()) {
    const { name } = machine.settings;
    machine.sick = false;
    for (const channel of ['serial', 'mqtt'] as const) {
      w.cable(name, channel, 'whole');
      w.path(name, channel).lossUp = 0;
    }
    w.path(name, 'mqtt').delayMs = 12;
    w.release(name, 'mqtt');
    for (const relay of machine.relays) {
      delete relay.fault;
      delete relay.reads;
    }
    for (const sense of machine.senses) delete sense.reads;
    w.serialPort(name, true);
  }
  w.state.disk.works = true;
  w.state.disk.delayMs = 4;
  w.broker(true);
  w.order({ op: 'enable', host: '' });
}

/** It restarts by itself, without losing power. */
function reset(w: World, machine: Machine): void {
  if (machine.at === 'up' || machine.at === 'hung') boot(w.state, machine);
}

function breakRelay({ w, chance, touched }: Chaos, machine: Machine): void {
  touched.add(machine.settings.host);
  const relay = chance.pick(machine.relays);
  const fault = chance.pick(['welded', 'stuck-open', undefined] as const);
  delete relay.fault;
  if (fault !== undefined) relay.fault = fault;
  settlePower(w.state, machine);
}

function lie({ chance, liars, touched }: Chaos, machine: Machine): void {
  touched.add(machine.settings.host);
  const liar = liars.get(machine.settings.host);
  if (liar === 'contacts') {
    const relay = chance.pick(machine.relays);
    delete relay.reads;
    const reads = chance.pick(['open', 'closed', 'unknown', 'mute', undefined] as const);
    if (reads !== undefined) relay.reads = reads;
  }
  if (liar === 'senses') {
    const sense = chance.pick(machine.senses);
    delete sense.reads;
    const reads = chance.pick(['on', 'off', 'unknown', 'mute', undefined] as const);
    if (reads !== undefined) sense.reads = reads;
  }
}

const OPERATIONS = [
  ...(['fence', 'fence', 'fence', 'off', 'off', 'on', 'on'] as const),
  ...(['ack', 'disable', 'enable', 'reset', 'diag'] as const),
  ...(['timer-set', 'timer-reset', 'timer-off'] as const),
];

const ARGUMENTS: Partial<Record<Order['op'], Order['args']>> = {
  ack: { reason: 'seen' },
  disable: { forS: 2 },
};

function anyOrder(c: Chaos, machine: Machine, host: string): void {
  const { w, chance } = c;
  if (w.state.process === undefined || w.state.stalled !== undefined) return;
  if (c.given.length > 0 && chance.chance(0.15)) {
    w.order(chance.pick(c.given));
    return;
  }
  const bound = machine.settings.host === 1 ? 'second' : 'third';
  const by = chance.pick(['operator', bound, undefined]);
  const op = chance.pick(OPERATIONS);
  const override = chance.chance(0.2) ? ({ override: true } as const) : {};
  const timer = anyTimer(chance);
  const args = { ...override, ...(op === 'timer-set' ? { timer } : ARGUMENTS[op]) };
  if (op === 'timer-set') c.timers.get(machine.settings.host)?.push(timer);
  // Whoever overrules what is read may be wrong.
  if (op === 'ack' && args.override === true) c.touched.add(machine.settings.host);
  const past = c.lives.get(machine.settings.host) ?? [];
  const incarnation = chance.pick([0, 0, machine.incarnation, chance.pick([4_242, ...past])]);
  const latest = w.state.process.board.ticks.latest;
  const wish = {
    op,
    host: op === 'disable' && chance.chance(0.2) ? '' : host,
    args,
    incarnation,
    ttlMs: chance.pick([60, 600, 5_000, 30_000]),
    tick: Math.max(1, latest - chance.pick([0, 0, 1, 8])),
    ...(by === undefined ? {} : { by }),
  };
  const cmdId = w.order(wish);
  c.given.push({
    cmdId,
    host: wish.host,
    op,
    args,
    incarnation,
    ...(by === undefined ? {} : { by }),
  });
}
