/**
 * A small world for the core: machines with real power behind real relays, paths that fail, an
 * agent process that stalls, crashes and starts again. It moves by its own clock, so a test reads
 * as a story and takes no time.
 *
 * The world keeps the truth (machine.ts) and the core gets only events. A test judges the core by
 * its effects against that truth, never by the core's word.
 */
import { advance } from '../../../../firmware-agent/core/advance.ts';
import { newBoard } from '../../../../firmware-agent/core/board.ts';
import { type Durable, durableOf } from '../../../../firmware-agent/core/durable.ts';
import type { Answer, Effect, Event } from '../../../../firmware-agent/core/events.ts';
import { assertBoard } from '../../../../firmware-agent/core/invariants.ts';
import type { BoardSettings, HostSettings } from '../../../../firmware-agent/core/settings.ts';
import { FLAG_SICK } from '../../../../protocol/wire/messages.ts';
import { type Prng, prng } from '../../../lib/prng.ts';
import { agenda } from './agenda.ts';
import { pulse, sampleFor, turn } from './bench.ts';
import { type Faults, faultsOf } from './faults.ts';
import { type Machine, newMachine, readContact, readSense } from './machine.ts';
import { ageOf, freshness, lifeName, retire, sendRound } from './radio.ts';
import { boardOf } from './settings.ts';
import { machineOf, type Path, type Told, type Way, type WorldState } from './state.ts';

export interface World extends Faults {
  readonly state: WorldState;
  readonly now: number;
  machine(name: string): Machine;
  path(name: string, channel: Way): Path;
  run(ms: number): void;
  /** Runs until an effect for which `is` holds; throws where none comes within `ms`. */
  until(what: string, is: (effect: Effect) => boolean, ms: number): Told;
  untilNews(code: string, name: string, ms: number): Told;
  give(event: Event): Effect[];
  told(is: (effect: Effect) => boolean): Told[];
  news(code: string, name?: string): Told[];
  cuts(name?: string): Told[];
  answers(cmdId: string): Answer[];
  /** Starts the agent's process, with what the disk remembers unless told otherwise. */
  start(durable?: Durable): void;
}

export interface Plan {
  hosts: HostSettings[];
  board?: Partial<BoardSettings>;
  seed?: number;
  feeds?: Record<string, number[][]>;
  /** False where the agent does not start by itself. */
  started?: boolean;
}

/** Makes a world whose machines are up and whose agent has just started. */
export function world(plan: Plan): World {
  const state = newState(plan);
  const give = (event: Event): Effect[] => giveTo(state, event);
  const start = (durable?: Durable): void => startAgent(state, durable, give);
  if (plan.started !== false) start();
  const view = viewOf(state, give);
  return Object.assign(view, faultsOf(state, give, view), { start });
}

function newState(plan: Plan): WorldState {
  const settings = boardOf(plan.hosts, plan.board);
  const feedsOf = (host: HostSettings): number[][] =>
    plan.feeds?.[host.name] ?? host.outlets.map((_, outlet) => [outlet]);
  const chance: Prng = prng(plan.seed ?? 1);
  return {
    settings,
    now: 0,
    prng: chance,
    agenda: agenda(),
    machines: new Map(plan.hosts.map((h) => [h.host, newMachine(h, feedsOf(h), 1_000 + h.host)])),
    paths: plan.hosts.flatMap((host) => [
      ...(host.serial === undefined ? [] : [newPath(host.host, 'serial', 5)]),
      ...(host.mqtt ? [newPath(host.host, 'mqtt', 12)] : []),
    ]),
    process: undefined,
    life: 0,
    disk: { works: true, delayMs: 4 },
    brokerWorks: true,
    serialOpen: new Map(plan.hosts.map((host) => [host.host, true])),
    stalled: undefined,
    told: [],
    freshAt: new Map(),
    ids: 10_000,
    watch: [],
  };
}

function newPath(host: number, channel: Way, delayMs: number): Path {
  return { host, channel, upWorks: true, downWorks: true, lossUp: 0, delayMs };
}

/** Hands one event to the core, or to its input queue while the process stands still. */
function giveTo(state: WorldState, event: Event): Effect[] {
  if (event.kind === 'modem') machineOf(state, event.host).modem = event.line;
  if (state.process === undefined) return [];
  if (state.stalled !== undefined) {
    if (event.kind !== 'judge' && event.kind !== 'round') state.stalled.input.push(event);
    return [];
  }
  const { process, recorder } = state;
  recorder?.before(event);
  const effects = advance(process.board, event, state.now);
  recorder?.after({ at: state.now, event, effects });
  assertBoard(process.board);
  noteFresh(state, event);
  for (const effect of effects) state.told.push({ at: state.now, effect });
  for (const effect of effects) carryOut(state, effect);
  for (const watcher of state.watch) watcher(event, effects);
  return effects;
}

function noteFresh(state: WorldState, event: Event): void {
  if (event.kind !== 'heard' || event.opened.kind === 'hello') return;
  if (event.opened.kind === 'solicit') return;
  const { host, channel, echo, incarnation } = event.opened;
  // Where it may be judged by its own word, what it says while it is sick is no sign of life.
  const { sick } = machineOf(state, host).settings;
  const isSick =
    ['kick', 'claim', 'release'].includes(event.opened.kind) || isFlagged(event.opened);
  if (sick !== undefined && isSick) return;
  if (ageOf(state, echo) > freshness(machineOf(state, host))) return;
  state.freshAt.set(`${host}:${channel}:${incarnation}`, state.now);
}

function isFlagged(opened: object): boolean {
  return 'flags' in opened && (Number(opened.flags) & FLAG_SICK) !== 0;
}

function carryOut(state: WorldState, effect: Effect): void {
  const give = (event: Event): Effect[] => giveTo(state, event);
  const { life } = state;
  switch (effect.kind) {
    case 'journal': {
      if (!state.disk.works) return;
      save(state);
      const { host, fence } = effect;
      state.agenda.add(state.now + state.disk.delayMs, () => {
        if (state.life === life) give({ kind: 'journalled', host, fence });
      });
      return;
    }
    case 'store': {
      const { cmdId } = effect;
      const ok = state.disk.works;
      save(state);
      state.agenda.add(state.now + state.disk.delayMs, () => {
        if (state.life === life) give({ kind: 'stored', cmdId, ok });
      });
      return;
    }
    case 'save':
      return save(state);
    case 'cut':
      return turn(state, machineOf(state, effect.host), effect.outlets, 'open');
    case 'restore':
      return turn(state, machineOf(state, effect.host), effect.outlets, 'closed');
    case 'pulse':
      return pulse(state, machineOf(state, effect.host));
    case 'round':
      state.process?.issuedAt.set(effect.tick, state.now);
      return sendRound(state, effect.tick, give);
    case 'retire':
      return retire(state, effect.host, effect.incarnation);
    case 'end':
      state.process = undefined;
      return;
    default:
  }
}

function save(state: WorldState): void {
  if (!state.disk.works || state.process === undefined) return;
  const written = durableOf(state.process.board, state.disk.durable?.startsWallMs ?? []);
  state.disk.durable = structuredClone(written);
}

function startAgent(
  state: WorldState,
  durable: Durable | undefined,
  give: (event: Event) => Effect[],
): void {
  state.life += 1;
  const { life } = state;
  const board = newBoard(state.settings, lifeName(state), state.now);
  state.process = { board, tables: new Map(), issuedAt: new Map([[1, state.now]]) };
  give({ kind: 'listening', channel: 'mqtt', on: state.brokerWorks });
  for (const [host, on] of state.serialOpen)
    give({ kind: 'listening', channel: 'serial', host, on });
  for (const machine of state.machines.values()) lookOnce(state, machine, give);
  const wallMs = 1_700_000_000_000 + state.now;
  if (state.disk.works) {
    const startsWallMs = [...(state.disk.durable?.startsWallMs ?? []), wallMs].slice(-3);
    const known = durable ?? state.disk.durable;
    give({ kind: 'start', wallMs, ...(known === undefined ? {} : { durable: known }) });
    if (state.disk.durable !== undefined) state.disk.durable.startsWallMs = startsWallMs;
  } else give({ kind: 'start', wallMs, ...(durable === undefined ? {} : { durable }) });
  const { judgeTickMs, beaconMs } = board.derived;
  const again = (periodMs: number, event: Event): void => {
    if (state.life !== life || state.process === undefined) return;
    give(event);
    state.agenda.add(state.now + periodMs, () => again(periodMs, event));
  };
  again(judgeTickMs, { kind: 'judge', drained: true });
  again(beaconMs, { kind: 'round' });
  sampleFor(state, give);
}

function lookOnce(state: WorldState, machine: Machine, give: (event: Event) => Effect[]): void {
  const { host } = machine.settings;
  const askedAt = state.now;
  machine.relays.forEach((relay, outlet) => {
    const value = readContact(relay);
    if (value !== 'mute') give({ kind: 'contact', host, outlet, value, askedAt });
  });
  machine.senses.forEach((_, sense) => {
    const value = readSense(machine, sense);
    if (value !== 'mute') give({ kind: 'sense', host, sense, value, askedAt });
  });
}

/** Everything that looks, waits and asks. */
function viewOf(
  state: WorldState,
  give: (event: Event) => Effect[],
): Omit<World, keyof Faults | 'start'> {
  const machine = (name: string): Machine => {
    const found = [...state.machines.values()].find((m) => m.settings.name === name);
    if (found === undefined) throw new Error(`there is no host ${name} in this world`);
    return found;
  };
  const advanceTo = (end: number, stop: () => boolean): void => {
    for (let due = state.agenda.next(end); due !== undefined; due = state.agenda.next(end)) {
      state.now = Math.max(state.now, due.at);
      due.deed();
      if (stop()) return;
    }
    state.now = end;
  };
  const told = (is: (effect: Effect) => boolean): Told[] =>
    state.told.filter(({ effect }) => is(effect));
  const until = (what: string, is: (effect: Effect) => boolean, ms: number): Told => {
    const from = state.told.length;
    let found: Told | undefined;
    advanceTo(state.now + ms, () => {
      found ??= state.told.slice(from).find(({ effect }) => is(effect));
      return found !== undefined;
    });
    if (found === undefined) throw new Error(`no ${what} within ${ms} ms`);
    return found;
  };
  const isNews = (code: string, name?: string) => (effect: Effect) =>
    effect.kind === 'news' &&
    effect.code === code &&
    (name === undefined || effect.host === machine(name).settings.host);
  return {
    state,
    get now() {
      return state.now;
    },
    machine,
    path: (name, channel) => pathOf(state, machine(name), channel),
    run: (ms) => advanceTo(state.now + ms, () => false),
    until,
    untilNews: (code, name, ms) => until(`${code} of ${name}`, isNews(code, name), ms),
    give,
    told,
    news: (code, name) => told(isNews(code, name)),
    cuts: (name) =>
      told(
        (e) => e.kind === 'cut' && (name === undefined || e.host === machine(name).settings.host),
      ),
    answers: (cmdId) =>
      state.told.flatMap(({ effect }) =>
        effect.kind === 'answer' && effect.answer.cmdId === cmdId ? [effect.answer] : [],
      ),
  };
}

function pathOf(state: WorldState, machine: Machine, channel: Way): Path {
  const { host, name } = machine.settings;
  const path = state.paths.find((p) => p.host === host && p.channel === channel);
  if (path === undefined) throw new Error(`${name} has no ${channel}`);
  return path;
}
