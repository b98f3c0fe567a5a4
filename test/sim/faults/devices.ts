/**
 * Relays and senses that fail or lie: rows 10 to 15 of the fault table. A host has honest contacts or
 * honest senses: where both lie, nobody can know; the plan says which may lie (`liar`).
 */
import type { Prng } from '../../lib/prng.ts';
import type { Entry, Plan } from '../plan.ts';
import { moveRelay } from '../world/devices.ts';
import { add, DEED, type Machine, machineOf, tell, type World } from '../world/state.ts';
import { anyHost, anySpan, chanceOf, type Drawn, type FaultKind } from './kind.ts';

/** Long enough for every reading to see it. */
const LONG_TOUCH_MS = 1_000;

function anyRelay(chance: Prng, plan: Plan, more: Drawn['with'] = {}): Drawn {
  const { settings } = chance.pick(plan.hosts);
  const outlet = chance.between(0, settings.outlets.length - 1);
  return { host: settings.host, forMs: 2 * anySpan(chance, plan), with: { outlet, ...more } };
}

function tellHonesty(world: World, machine: Machine): void {
  const broken = [...machine.relays, ...machine.senses].some(({ faults }) => faults.length > 0);
  const honest = !broken && machine.slowMs === 0;
  if (honest === machine.honest) return;
  machine.honest = honest;
  tell(world, { kind: 'devices', host: machine.host, honest });
}

/** A fault that lies upon one relay, or one sense, as long as it lasts. */
function upon(
  row: FaultKind['row'],
  what: 'relays' | 'senses',
  draw: FaultKind['draw'],
): FaultKind {
  const place = (world: World, { host = 0, with: more }: Entry) => {
    const machine = machineOf(world, host);
    const at = Number(more[what === 'relays' ? 'outlet' : 'sense']);
    return { machine, device: machine[what][at] };
  };
  return {
    row,
    draw,
    begin: (world, entry) => {
      const { machine, device } = place(world, entry);
      device?.faults.push(entry);
      tellHonesty(world, machine);
    },
    end: (world, entry) => {
      const { machine, device } = place(world, entry);
      if (device !== undefined) device.faults = device.faults.filter((one) => one !== entry);
      tellHonesty(world, machine);
    },
  };
}

function lying(reads: string, row: number): FaultKind {
  return upon(row, 'senses', (chance, plan) => {
    const liars = plan.hosts.filter(
      ({ settings, liar }) => liar === 'senses' && settings.senses.length > 0,
    );
    if (liars.length === 0) return undefined;
    const { settings } = chance.pick(liars);
    const sense = chance.between(0, settings.senses.length - 1);
    return { host: settings.host, forMs: 3 * anySpan(chance, plan), with: { sense, reads } };
  });
}

export const DEVICES: Readonly<Record<string, FaultKind>> = {
  'relay-welded': upon(10, 'relays', anyRelay),
  'relay-stuck-open': upon(11, 'relays', anyRelay),
  'relay-late': upon(12, 'relays', (chance, plan) =>
    anyRelay(chance, plan, { ms: chance.pick([60, 400, 1_500]) }),
  ),
  'relay-bounces': {
    row: 12,
    draw: (chance, plan) => {
      const [gapMs, touchMs] = [chance.pick([5, 40, 300]), chance.pick([3, 3, LONG_TOUCH_MS])];
      const drawn = anyRelay(chance, plan, { gapMs, touchMs });
      const { liar } = plan.hosts.find(({ settings }) => settings.host === drawn.host) ?? {};
      // What no reading sees is a lie of the contact, and here the senses may lie.
      return liar === 'senses'
        ? { ...drawn, with: { ...drawn.with, touchMs: LONG_TOUCH_MS } }
        : drawn;
    },
    begin: (world, { host = 0 }, index) => {
      const machine = machineOf(world, host);
      machine.slowMs += 1;
      tellHonesty(world, machine);
      add(world, world.now, DEED.again, index, 0);
    },
    end: (world, { host = 0 }) => {
      const machine = machineOf(world, host);
      machine.slowMs -= 1;
      tellHonesty(world, machine);
    },
    again: bounce,
  },
  'relay-lies': upon(15, 'relays', (chance, plan) => {
    const liars = plan.hosts.filter(({ liar }) => liar === 'contacts');
    if (liars.length === 0) return undefined;
    const { settings } = chance.pick(liars);
    const outlet = chance.between(0, settings.outlets.length - 1);
    const reads = chance.pick(['open', 'closed', 'unknown', 'mute']);
    return { host: settings.host, forMs: 3 * anySpan(chance, plan), with: { outlet, reads } };
  }),
  'sense-lies-off': lying('off', 13),
  'sense-lies-on': lying('on', 14),
  'sense-unknown': lying('unknown', 14),
  'sense-mute': lying('mute', 14),
  'devices-slow': {
    row: 12,
    draw: (chance, plan) => ({
      host: anyHost(chance, plan),
      forMs: 2 * anySpan(chance, plan),
      with: { ms: chance.pick([80, 300, 900]) },
    }),
    begin: (world, { host = 0, with: more }) => slow(world, host, Number(more['ms'])),
    end: (world, { host = 0, with: more }) => slow(world, host, -Number(more['ms'])),
  },
  'line-dead': {
    row: 15,
    draw: (chance, plan) => ({ host: anyHost(chance, plan), forMs: 3 * anySpan(chance, plan) }),
    begin: (world, { host = 0 }) => {
      machineOf(world, host).linesDead += 1;
    },
    end: (world, { host = 0 }) => {
      machineOf(world, host).linesDead -= 1;
    },
  },
};

function slow(world: World, host: number, ms: number): void {
  const machine = machineOf(world, host);
  machine.slowMs += ms;
  tellHonesty(world, machine);
}

/** A contact that was told to open touches again for a moment, and leaves. */
function bounce(world: World, entry: Entry): number {
  const { host = 0, with: more } = entry;
  const machine = machineOf(world, host);
  const outlet = Number(more['outlet']);
  // Either too short for a supply to notice, or long enough for every sample to see it.
  const touchMs = Number(more['touchMs'] ?? 3);
  const isCut = world.board.process?.board.hosts.get(host)?.fence !== undefined;
  const relay = machine.relays[outlet];
  if (isCut && relay?.really === 'open') {
    moveRelay(world, machine, outlet, 'closed');
    add(world, world.now + touchMs, DEED.relay, machine.index, 1, [outlet]);
  }
  return (
    touchMs + Number(more['gapMs']) * chanceOf(world, { ...entry, at: world.now }).between(1, 4)
  );
}
