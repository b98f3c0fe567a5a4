/**
 * Relays and senses as the agent meets them: commanded in vain, read late, or lied to by. Mirrors
 * the pace of `firmware-agent/sampler.ts`, whose loops are timers and promises: twice a second while
 * nothing happens, as often as the driver bears while a fence runs, at once after a command, and
 * never twice at once.
 */
import type { Event } from '../../../firmware-agent/core/events.ts';
import { SAMPLE_IDLE_MS } from '../../../firmware-agent/core/limits.ts';
import type { Contact } from '../../../firmware-agent/core/power.ts';
import type { Reading } from '../../../protocol/wire/messages.ts';
import { localAt } from './local-clock.ts';
import { settlePower } from './machine.ts';
import { add, DEED, type Machine, type Probe, tell, trace, type World } from './state.ts';

const RELAY_MS = 15;
const ASK_MS = 2;
/** A device that does not answer is asked again by its driver. */
const MUTE_MS = 500;

/** A command goes to the relays; what they do with it depends on their faults. */
export function turn(
  world: World,
  machine: Machine,
  outlets: readonly number[],
  to: 'open' | 'closed',
): void {
  const late = machine.relays.flatMap(({ faults }) =>
    faults.filter(({ kind }) => kind === 'relay-late').map((entry) => Number(entry.with['ms'])),
  );
  const at = world.now + Math.max(RELAY_MS, ...late);
  add(world, at, DEED.relay, machine.index, to === 'open' ? 1 : 0, outlets);
}

export function onRelay(
  world: World,
  machine: Machine,
  outlets: readonly number[],
  to: 'open' | 'closed',
): void {
  for (const outlet of outlets) moveRelay(world, machine, outlet, to);
}

/** One contact moves, unless it cannot. */
export function moveRelay(
  world: World,
  machine: Machine,
  outlet: number,
  to: 'open' | 'closed',
): void {
  const relay = machine.relays[outlet];
  if (relay === undefined || relay.really === to) return;
  const stuck = to === 'open' ? 'relay-welded' : 'relay-stuck-open';
  if (relay.faults.some(({ kind }) => kind === stuck)) return;
  relay.really = to;
  trace(world, machine.host * 64 + outlet * 2 + (to === 'open' ? 1 : 0));
  tell(world, { kind: 'relay', host: machine.host, outlet, is: to });
  settlePower(world, machine);
}

export function readContact(machine: Machine, outlet: number): Contact | 'mute' {
  const relay = machine.relays[outlet];
  if (relay === undefined) return 'mute';
  for (const { kind, with: more } of relay.faults) {
    if (kind === 'relay-lies') return more['reads'] as Contact | 'mute';
  }
  return relay.really;
}

/** A sense of some outlets sees the supplies behind them; one of the host sees any power. */
export function readSense(machine: Machine, index: number): Reading | 'mute' {
  const [fault] = machine.senses[index]?.faults ?? [];
  if (fault !== undefined) return fault.with['reads'] as Reading | 'mute';
  const covers = machine.plan.settings.senses[index]?.covers ?? 'host';
  if (covers === 'host' || !machine.powered) return machine.powered ? 'on' : 'off';
  if (machine.unfedAt !== undefined) return 'on';
  const fed = machine.plan.feeds.some(
    (feed) =>
      feed.some((outlet) => covers.includes(outlet)) &&
      feed.every((outlet) => machine.relays[outlet]?.really === 'closed'),
  );
  return fed && machine.mainsOff === 0 ? 'on' : 'off';
}

/** All that one life of the agent asks, in the order in which it asks it first. */
export function newProbes(world: World): Probe[] {
  return world.machines.flatMap((machine): Probe[] => {
    const { outlets, senses, serial } = machine.plan.settings;
    const fresh = { machine: machine.index, answerAt: 0, turn: 0, known: false, was: undefined };
    return [
      ...outlets.map(({ periodMs }, index) => ({
        ...fresh,
        what: 'contact' as const,
        index,
        periodMs,
      })),
      ...senses.map(({ periodMs }, index) => ({
        ...fresh,
        what: 'sense' as const,
        index,
        periodMs,
      })),
      ...(serial?.modem === true
        ? [{ ...fresh, what: 'modem' as const, index: 0, periodMs: SAMPLE_IDLE_MS }]
        : []),
    ];
  });
}

/** Asks one device; its answer comes by the agenda. */
export function ask(world: World, probes: readonly Probe[], at: number): void {
  const probe = probes[at];
  if (probe === undefined) return;
  const machine = world.machines[probe.machine];
  const slowMs = machine?.slowMs ?? 0;
  probe.turn += 1;
  probe.answerAt = world.now + ASK_MS + slowMs;
  probe.was = slowMs > 0 && machine !== undefined ? readingOf(machine, probe) : undefined;
  add(world, probe.answerAt, DEED.probe, at, probe.turn);
}

/** Every device of the host that is not just being asked. */
export function hasten(world: World, probes: readonly Probe[], machine: Machine): void {
  for (let at = 0; at < probes.length; at += 1) {
    const probe = probes[at] as Probe;
    const isAsked = probe.answerAt - world.now <= ASK_MS + machine.slowMs;
    if (probe.machine === machine.index && !isAsked) ask(world, probes, at);
  }
}

function readingOf(machine: Machine, { what, index }: Probe): Contact | Reading | 'mute' {
  return what === 'contact' ? readContact(machine, index) : readSense(machine, index);
}

/** An answer comes: what it says, where it says anything. The next question is set. */
export function answered(
  world: World,
  probes: readonly Probe[],
  at: number,
  fast: (host: number) => boolean,
): Event | undefined {
  const probe = probes[at] as Probe;
  const machine = world.machines[probe.machine] as Machine;
  const { host } = machine;
  const value = probe.was ?? (probe.what === 'modem' ? 'unknown' : readingOf(machine, probe));
  const isMute = value === 'mute';
  const paceMs =
    fast(host) || !probe.known ? probe.periodMs : Math.max(SAMPLE_IDLE_MS, probe.periodMs);
  probe.turn += 1;
  probe.was = undefined;
  probe.answerAt = world.now + (isMute ? MUTE_MS : paceMs) + machine.slowMs;
  // A slow device is read when it is asked; any other as good as when it answers.
  const askAt = machine.slowMs > 0 ? probe.answerAt - machine.slowMs : probe.answerAt;
  add(world, askAt, DEED.probe, at, machine.slowMs > 0 ? -probe.turn : probe.turn);
  if (isMute) return undefined;
  const askedAt = localAt(world.board.clock, world.now - ASK_MS - machine.slowMs);
  const { index } = probe;
  if (value !== 'unknown') probe.known = true;
  if (probe.what === 'contact') {
    return { kind: 'contact', host, outlet: index, value: value as Contact, askedAt };
  }
  if (probe.what === 'sense') {
    return { kind: 'sense', host, sense: index, value: value as Reading, askedAt };
  }
  return { kind: 'modem', host, line: modemOf(world, machine) };
}

/** A modem line is driven by the machine's port, as long as it has power and the cable holds. */
function modemOf(world: World, machine: Machine): 'asserted' | 'dropped' | 'unknown' {
  const { up, down } = world.serial[machine.index] ?? {};
  if ((world.board.portsOut[machine.index] ?? 0) > 0) return 'unknown';
  const isCut = [up, down].some((leg) => leg?.bends.some(({ kind }) => kind === 'cut') === true);
  const drives = machine.at === 'up' || machine.at === 'hung';
  return drives && !isCut ? 'asserted' : 'dropped';
}
