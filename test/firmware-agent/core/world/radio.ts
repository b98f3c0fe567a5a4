/**
 * The wire between machines and board, without its bytes: HELLO, WELCOME, beats with their counter
 * and their echo, and what the board's sessions refuse. Paths lose, delay and hoard.
 */

import type { Event } from '../../../../firmware-agent/core/events.ts';
import {
  FLAG_SICK,
  FLAG_STAYS,
  FLAG_TWO_AGENTS,
  type LeaveReason,
  type Operation,
} from '../../../../protocol/wire/messages.ts';
import type { Opened } from '../../../../protocol/wire/session/agent.ts';
import type { Machine } from './machine.ts';
import {
  machineOf,
  nextId,
  type Path,
  type Process,
  type Table,
  type WorldState,
} from './state.ts';

type Give = (event: Event) => void;

type Member = Exclude<Opened, { kind: 'hello' | 'solicit' }>;

/** A round of the board goes out on every open path. */
export function sendRound(world: WorldState, tick: number, give: Give): void {
  const life = lifeName(world);
  for (const path of world.paths) {
    if (!isOpen(world, path) || !path.downWorks) continue;
    world.agenda.add(world.now + path.delayMs, () => hearRound(world, path, { tick, life }, give));
  }
  if (!world.brokerWorks) return;
  world.agenda.add(world.now + 10, () => {
    if (world.brokerWorks && lifeName(world) === life) give({ kind: 'echoed' });
  });
}

export function lifeName(world: WorldState): string {
  return `life-${world.life}`;
}

function isOpen(world: WorldState, path: Path): boolean {
  return path.channel === 'mqtt' ? world.brokerWorks : world.serialOpen.get(path.host) === true;
}

function hearRound(
  world: WorldState,
  path: Path,
  round: { tick: number; life: string },
  give: Give,
): void {
  const machine = machineOf(world, path.host);
  if (machine.at !== 'up') return;
  if (machine.echoLife !== round.life) {
    machine.echo = 0;
    machine.echoLife = round.life;
  }
  machine.echo = Math.max(machine.echo, round.tick);
  const { session } = path;
  if (session?.life === round.life && session.incarnation === machine.incarnation) return;
  const { incarnation } = machine;
  sendUp(world, path, () => {
    const table = tableOf(world, path.host);
    if (table === undefined || lifeName(world) !== round.life) return;
    const retired = table.retired.has(incarnation);
    const { host, channel } = path;
    const { tick } = round;
    give({ kind: 'heard', opened: { kind: 'hello', host, channel, incarnation, tick, retired } });
    if (!retired) welcome(world, path, { ...round, incarnation, start: machine.start }, give);
  });
}

function welcome(
  world: WorldState,
  path: Path,
  hello: { life: string; incarnation: number; start: number },
  give: Give,
): void {
  if (!path.downWorks || !isOpen(world, path)) return;
  const { life, incarnation, start } = hello;
  const id = nextId(world);
  world.agenda.add(world.now + path.delayMs, () => {
    const machine = machineOf(world, path.host);
    if (machine.start !== start || machine.at !== 'up') return;
    if (path.session?.life === life && path.session.incarnation === incarnation) return;
    path.session = { id, life, incarnation, since: world.now, lastSeq: 0, left: false };
    beatOn(world, path, { id, start }, give);
  });
}

function beatOn(
  world: WorldState,
  path: Path,
  of: { id: number; start: number },
  give: Give,
): void {
  const machine = machineOf(world, path.host);
  const { session } = path;
  if (session?.id !== of.id || machine.start !== of.start) return;
  const periodMs = machine.settings.timing.keepaliveMs;
  const flags =
    (machine.sick === true ? FLAG_SICK : 0) |
    (machine.twoAgents === true ? FLAG_TWO_AGENTS : 0) |
    (machine.stays === true ? FLAG_STAYS : 0);
  const isFirst = session.lastSeq === 0;
  if (machine.at === 'up') say(world, path, give, 'beat', { flags });
  if (machine.at === 'up' && isFirst && machine.pledge !== undefined) {
    say(world, path, give, 'pledge', { pledge: machine.pledge });
  }
  const periods = Math.floor((world.now - session.since) / periodMs + 1e-6) + 1;
  world.agenda.add(session.since + periods * periodMs, () => beatOn(world, path, of, give));
}

export interface Said {
  flags?: number;
  returnByS?: number;
  reason?: LeaveReason;
  op?: Operation;
  args?: Uint8Array;
  turn?: number;
  group?: number;
  held?: number[];
  pledge?: NonNullable<Machine['pledge']>;
}

/** Sends one message on the session of a path; nothing where none stands. */
export function say(
  world: WorldState,
  path: Path,
  give: Give,
  kind: Member['kind'],
  more: Said = {},
): void {
  const { session } = path;
  const machine = machineOf(world, path.host);
  if (session === undefined || session.left || machine.echoLife !== session.life) return;
  const elapsed = Math.floor((world.now - session.since) / machine.settings.timing.keepaliveMs);
  session.lastSeq = Math.max(session.lastSeq + 1, elapsed);
  const { host, channel } = path;
  const common = {
    host,
    channel,
    session: session.id,
    incarnation: session.incarnation,
    seq: session.lastSeq,
    echo: machine.echo,
  };
  const { returnByS = 60, reason = 'stop', op = 'timer-reset', args = new Uint8Array() } = more;
  const { turn = 0, group = 0, held = [] } = more;
  const { pledge = { timeout: 0, watchdog: 0, flags: 0 } } = more;
  const count = machine.kicks & 0x0f;
  const flags = (more.flags ?? 0) | count;
  const opened: Member =
    kind === 'beat'
      ? { kind, ...common, flags, bytes: new Uint8Array() }
      : kind === 'kick'
        ? { kind, ...common, op, count, args }
        : kind === 'pledge'
          ? { kind, ...common, ...pledge }
          : kind === 'leaving'
            ? { kind, ...common, reason, returnByS }
            : kind === 'claim'
              ? { kind, ...common, turn, group, held }
              : kind === 'release'
                ? { kind, ...common, turn, group }
                : { kind, ...common, reason };
  session.left = kind === 'left';
  const { life } = session;
  sendUp(world, path, () => receive(world, machine, { opened, life }, give));
}

function sendUp(world: WorldState, path: Path, arrive: () => void): void {
  if (!path.upWorks || world.prng.chance(path.lossUp)) return;
  const deliver = (): void => {
    if (isOpen(world, path) && world.process !== undefined) arrive();
  };
  if (path.hoard !== undefined) path.hoard.push(deliver);
  else world.agenda.add(world.now + path.delayMs, deliver);
}

/** What the board's sessions do with a message before the core sees it. */
function receive(
  world: WorldState,
  machine: Machine,
  message: { opened: Member; life: string },
  give: Give,
): void {
  const { opened, life } = message;
  const table = tableOf(world, machine.settings.host);
  if (table === undefined || life !== lifeName(world)) return;
  const { incarnation, session, seq } = opened;
  if (table.retired.has(incarnation) || seq <= (table.heardSeq.get(session) ?? 0)) return;
  if (table.live !== incarnation) {
    if (ageOf(world, opened.echo) > freshness(machine)) return;
    if (table.live !== undefined) table.retired.add(table.live);
    table.live = incarnation;
  }
  table.heardSeq.set(session, seq);
  give({ kind: 'heard', opened });
}

/** Age of a tick by the world's own account. */
export function ageOf(world: WorldState, tick: number): number {
  return world.now - (world.process?.issuedAt.get(tick) ?? Number.NEGATIVE_INFINITY);
}

/** F by the words of the rules: max(min(D/3, 5 s), 2T + 2d). */
export function freshness(machine: Machine): number {
  const { deadtimeMs, keepaliveMs } = machine.settings.timing;
  const { mqtt, delayMs: given } = machine.settings;
  const delayMs = mqtt ? (given?.mqtt ?? 500) : (given?.serial ?? 20);
  const beaconMs = Math.min(keepaliveMs, 1_000);
  return Math.max(Math.min(deadtimeMs / 3, 5_000), 2 * beaconMs + 2 * delayMs);
}

function tableOf(world: WorldState, host: number): Table | undefined {
  const process: Process | undefined = world.process;
  if (process === undefined) return undefined;
  const known = process.tables.get(host);
  if (known !== undefined) return known;
  const table: Table = { retired: new Set(), heardSeq: new Map() };
  process.tables.set(host, table);
  return table;
}

/** The agent destroyed the keys of a life. */
export function retire(world: WorldState, host: number, incarnation: number): void {
  const table = tableOf(world, host);
  if (table === undefined) return;
  table.retired.add(incarnation);
  if (table.live === incarnation) delete table.live;
}
