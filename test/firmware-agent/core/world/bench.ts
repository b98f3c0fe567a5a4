/** The electrical side: relays obey or do not, supplies run empty, machines die and boot. */

import type { Event } from '../../../../firmware-agent/core/events.ts';
import { SAMPLE_IDLE_MS } from '../../../../firmware-agent/core/limits.ts';
import { hasPower, isFed, type Machine, readContact, readSense } from './machine.ts';
import { nextId, type WorldState } from './state.ts';

type Give = (event: Event) => void;

const RELAY_MS = 15;
const ASK_MS = 3;

/** A command reaches the relays; what they do with it depends on their faults. */
export function turn(
  world: WorldState,
  machine: Machine,
  outlets: readonly number[],
  to: 'open' | 'closed',
): void {
  world.agenda.add(world.now + RELAY_MS, () => {
    for (const outlet of outlets) {
      const relay = machine.relays[outlet];
      if (relay === undefined) continue;
      if (relay.fault === 'welded' && to === 'open') continue;
      if (relay.fault === 'stuck-open' && to === 'closed') continue;
      relay.really = to;
    }
    settlePower(world, machine);
  });
}

/** Follows from where the relays are now: power goes after the hold-up, and comes at once. */
export function settlePower(world: WorldState, machine: Machine): void {
  if (!isFed(machine)) {
    if (machine.unfedAt !== undefined || !hasPower(machine)) return;
    const since = world.now;
    machine.unfedAt = since;
    world.agenda.add(since + machine.holdUpMs, () => {
      if (machine.unfedAt !== since) return;
      delete machine.unfedAt;
      losePower(world, machine);
    });
    return;
  }
  delete machine.unfedAt;
  if (hasPower(machine)) return;
  machine.power.push({ at: world.now, on: true });
  boot(world, machine);
}

function losePower(world: WorldState, machine: Machine): void {
  machine.power.push({ at: world.now, on: false });
  machine.at = 'off';
  machine.start += 1;
}

/** A machine with power starts, in a new life. */
export function boot(world: WorldState, machine: Machine): void {
  machine.start += 1;
  const start = machine.start;
  machine.at = 'booting';
  world.agenda.add(world.now + machine.bootMs, () => {
    if (machine.start !== start) return;
    machine.at = 'up';
    machine.incarnation = nextId(world);
    machine.echo = 0;
    machine.kicks = 0;
  });
}

/** A pulse on one of its lines: it restarts without losing power, where the line is wired. */
export function pulse(world: WorldState, machine: Machine): void {
  world.agenda.add(world.now + RELAY_MS, () => {
    if (machine.lines === 'wired' && machine.at !== 'off') boot(world, machine);
  });
}

/** Asks every contact and sense again and again, as the sampler of the agent does. */
export function sampleFor(world: WorldState, give: Give): void {
  const life = world.life;
  for (const machine of world.machines.values()) {
    const { host } = machine.settings;
    machine.settings.outlets.forEach((settings, outlet) => {
      const ask = (): unknown => machine.relays[outlet] && readContact(machine.relays[outlet]);
      repeat(host, settings.periodMs, ask, (value, askedAt) =>
        give({ kind: 'contact', host, outlet, value: value as 'open', askedAt }),
      );
    });
    repeat(
      host,
      SAMPLE_IDLE_MS,
      () => machine.modem ?? 'mute',
      () => give({ kind: 'modem', host, line: machine.modem ?? 'unknown' }),
    );
    machine.settings.senses.forEach((settings, sense) => {
      repeat(
        host,
        settings.periodMs,
        () => readSense(machine, sense),
        (value, askedAt) => give({ kind: 'sense', host, sense, value: value as 'off', askedAt }),
      );
    });
  }
  function repeat(
    host: number,
    periodMs: number,
    ask: () => unknown,
    answer: (value: unknown, askedAt: number) => void,
  ): void {
    let known: { value: unknown; at: number } = { value: undefined, at: 0 };
    const again = (): void => {
      const { process } = world;
      if (world.life !== life || process === undefined) return;
      const askedAt = world.now;
      const value = ask();
      const isNews = value !== known.value || askedAt - known.at > SAMPLE_IDLE_MS;
      if (value !== 'mute' && (isNews || process.board.hosts.get(host)?.fence !== undefined)) {
        known = { value, at: askedAt };
        world.agenda.add(askedAt + ASK_MS, () => {
          if (world.life === life) answer(value, askedAt);
        });
      }
      world.agenda.add(askedAt + periodMs, again);
    };
    again();
  }
}
