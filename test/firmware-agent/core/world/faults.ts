/** Everything that a test does to a world: faults, crashes, orders. */
import type { Effect, Event, Order } from '../../../../firmware-agent/core/events.ts';
import { encodeTimer, type TimerSettings } from '../../../../protocol/wire/timer.ts';
import type { Machine } from './machine.ts';
import { lifeName, say } from './radio.ts';
import { nextId, type Path, type Way, type WorldState } from './state.ts';

export interface Wish extends Partial<Omit<Order, 'from' | 'host' | 'op'>> {
  op: Order['op'];
  /** Empty for the whole board. */
  host: string;
  /** Name of the key; absent for somebody on the board itself. */
  by?: string;
}

export interface Faults {
  /** It keeps its power and never speaks again in this life. */
  hang(name: string): void;
  /** Breaks or mends a path, both ways unless said. */
  cable(name: string, channel: Way, is: 'broken' | 'whole', way?: 'up' | 'down'): void;
  /** From now on what is sent up waits, until it is released all at once. */
  hoard(name: string, channel: Way): void;
  release(name: string, channel: Way): void;
  broker(works: boolean): void;
  serialPort(name: string, open: boolean): void;
  /** The agent's process stands still; its input waits. */
  stall(ms: number): void;
  crash(): void;
  /** The board ends a session, and the shim begins another when it hears the board. */
  endSession(name: string, channel: Way, why: 'revoked' | 'expired'): void;
  leave(name: string, kind: 'leaving' | 'left', more?: Parameters<typeof say>[4]): void;
  /** Its shim says a word about groups, on one channel or on all. */
  word(name: string, kind: 'claim' | 'release', more: Word): void;
  /** A program on the machine says that it is well: one more in the count, told at once. */
  kick(name: string): void;
  /** Its shim arms the timer, or with nothing given disarms it. */
  arm(name: string, settings?: TimerSettings): void;
  /** Gives an order; answers its cmdId. */
  order(wish: Wish): string;
}

export interface Word {
  turn: number;
  group?: number;
  held?: number[];
  channel?: Way;
}

type Give = (event: Event) => Effect[];

interface Lookup {
  machine(name: string): Machine;
  path(name: string, channel: Way): Path;
}

export function faultsOf(state: WorldState, give: Give, look: Lookup): Faults {
  return {
    hang: (name) => {
      const machine = look.machine(name);
      if (machine.at === 'off') return;
      if (machine.at === 'booting') machine.incarnation = nextId(state);
      machine.start += 1;
      machine.at = 'hung';
    },
    cable: (name, channel, is, way) => {
      const path = look.path(name, channel);
      if (way !== 'down') path.upWorks = is === 'whole';
      if (way !== 'up') path.downWorks = is === 'whole';
    },
    hoard: (name, channel) => {
      look.path(name, channel).hoard ??= [];
    },
    release: (name, channel) => {
      const path = look.path(name, channel);
      const waiting = path.hoard ?? [];
      delete path.hoard;
      for (const deliver of waiting) deliver();
    },
    broker: (works) => {
      state.brokerWorks = works;
      give({ kind: 'listening', channel: 'mqtt', on: works });
    },
    serialPort: (name, open) => {
      const { host } = look.machine(name).settings;
      state.serialOpen.set(host, open);
      give({ kind: 'listening', channel: 'serial', host, on: open });
    },
    stall: (ms) => stall(state, give, ms),
    crash: () => {
      state.process = undefined;
      state.stalled = undefined;
    },
    endSession: (name, channel, why) => {
      const path = look.path(name, channel);
      const { host } = path;
      if (path.session === undefined || state.process === undefined) return;
      state.process.tables.get(host)?.heardSeq.set(path.session.id, Number.POSITIVE_INFINITY);
      delete path.session;
      give({ kind: 'ended', host, channel, why });
    },
    leave: (name, kind, more) => {
      const { host } = look.machine(name).settings;
      for (const path of state.paths) if (path.host === host) say(state, path, give, kind, more);
    },
    word: (name, kind, { channel, ...more }) => {
      const { host } = look.machine(name).settings;
      for (const path of state.paths) {
        const isMeant = path.host === host && (channel ?? path.channel) === path.channel;
        if (isMeant) say(state, path, give, kind, more);
      }
    },
    kick: (name) => {
      const machine = look.machine(name);
      if (machine.at !== 'up') return;
      machine.kicks += 1;
      const { host } = machine.settings;
      for (const path of state.paths) if (path.host === host) say(state, path, give, 'kick');
    },
    arm: (name, settings) => {
      const { host } = look.machine(name).settings;
      const more =
        settings === undefined
          ? ({ op: 'timer-off' } as const)
          : ({ op: 'timer-set', args: encodeTimer(settings) } as const);
      for (const path of state.paths) if (path.host === host) say(state, path, give, 'kick', more);
    },
    order: (wish) => order(state, give, look, wish),
  };
}

function stall(state: WorldState, give: Give, ms: number): void {
  const until = Math.max(state.now + ms, state.stalled?.until ?? 0);
  if (state.stalled !== undefined) {
    state.stalled.until = until;
    return;
  }
  const stalled = { until, input: [] as Event[] };
  state.stalled = stalled;
  const end = (): void => {
    if (state.stalled !== stalled) return;
    if (state.now < stalled.until) return state.agenda.add(stalled.until, end);
    state.stalled = undefined;
    for (const event of stalled.input) give(event);
    give({ kind: 'judge', drained: true });
    give({ kind: 'round' });
  };
  state.agenda.add(until, end);
}

function order(state: WorldState, give: Give, look: Lookup, wish: Wish): string {
  const { op, host, by, ...given } = wish;
  const key = state.settings.orderers.find(({ name }) => name === by);
  if (by !== undefined && key === undefined) throw new Error(`there is no key ${by}`);
  const cmdId = given.cmdId ?? nextId(state).toString(16).padStart(32, '0');
  const from =
    key === undefined
      ? { name: 'local' }
      : {
          name: key.name,
          orderer: key.orderer,
          ...(key.boundTo === undefined ? {} : { boundTo: key.boundTo }),
        };
  const full: Order = {
    from,
    cmdId,
    life: given.life ?? lifeName(state),
    tick: given.tick ?? state.process?.board.ticks.latest ?? 0,
    host: host === '' ? 0 : look.machine(host).settings.host,
    incarnation: given.incarnation ?? 0,
    op,
    args: given.args ?? {},
    ttlMs: given.ttlMs ?? 30_000,
  };
  give({ kind: 'order', order: full });
  return cmdId;
}
