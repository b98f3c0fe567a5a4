/** What happens to one machine: rows 19 to 22, 25 and 37 of the fault table, and planned deeds. */
import { agentSessions } from '../../../protocol/wire/session/agent.ts';
import { stepHostSession } from '../../../protocol/wire/session/host.ts';
import { newTicks } from '../../../protocol/wire/ticks.ts';
import { encodeTimer } from '../../../protocol/wire/timer.ts';
import type { Prng } from '../../lib/prng.ts';
import type { Entry, Plan } from '../plan.ts';
import { stream } from '../streams.ts';
import { moveRelay } from '../world/devices.ts';
import { changeRate, localAt } from '../world/local-clock.ts';
import {
  babble,
  boot,
  freeze,
  givePower,
  hang,
  isFed,
  leave,
  losePower,
  setSick,
  settlePower,
  startShim,
  thaw,
} from '../world/machine.ts';
import { timerFor } from '../world/orderers.ts';
import { endSelfFence } from '../world/self-fence.ts';
import { add, type Channel, DEED, type Machine, machineOf, type World } from '../world/state.ts';
import { sendUp } from '../world/wires.ts';
import { anyHost, anySpan, chanceOf, type Drawn, type FaultKind } from './kind.ts';

const here = (chance: Prng, plan: Plan): Drawn => ({ host: anyHost(chance, plan) });
const whileHere = (chance: Prng, plan: Plan): Drawn & { host: number } => ({
  host: anyHost(chance, plan),
  forMs: anySpan(chance, plan),
});

/** Something that strikes one machine in a moment. */
function striking(
  row: FaultKind['row'],
  strike: (world: World, machine: Machine, entry: Entry) => void,
  draw: FaultKind['draw'] = here,
): FaultKind {
  return {
    row,
    draw,
    begin: (world, entry) => strike(world, machineOf(world, entry.host ?? 0), entry),
  };
}

function leaving(reason: 'reboot' | 'off' | 'stop'): FaultKind {
  return striking(
    22,
    (world, machine, { with: more }) => leave(world, machine, reason, Number(more['returnByS'])),
    (chance, plan) => ({
      ...here(chance, plan),
      with: { returnByS: chance.pick([1, 10, 60, 600]) },
    }),
  );
}

export const HOST: Readonly<Record<string, FaultKind>> = {
  hang: striking(20, hang),
  reset: striking(22, (world, machine) => {
    if (machine.powered) boot(world, machine);
  }),
  'shim-crash': {
    row: 20,
    draw: (chance, plan) => ({ ...here(chance, plan), forMs: chance.between(20, 3_000) }),
    begin: (world, { host = 0 }) => {
      const machine = machineOf(world, host);
      if (machine.shim !== undefined) endSelfFence(world, machine, false);
      machine.shim = undefined;
    },
    end: (world, { host = 0 }) => {
      const machine = machineOf(world, host);
      if (machine.shim === undefined) startShim(world, machine);
    },
  },
  freeze: {
    row: 19,
    draw: whileHere,
    begin: (world, { host = 0 }) => freeze(machineOf(world, host)),
    end: (world, entry) => {
      const machine = machineOf(world, entry.host ?? 0);
      if (machine.frozen > 0) thaw(world, machine, chanceOf(world, entry).chance(0.5));
    },
  },
  reboot: leaving('reboot'),
  'leave-off': leaving('off'),
  'shim-stopped': leaving('stop'),
  'shim-started': striking('d', (world, machine) => {
    if (machine.shim === undefined) startShim(world, machine);
  }),
  sick: {
    row: 21,
    draw: (chance, plan) => ({ ...here(chance, plan), forMs: 2 * anySpan(chance, plan) }),
    begin: (world, { host = 0 }) => sicken(world, host, 1),
    end: (world, { host = 0 }) => sicken(world, host, -1),
  },
  'power-button': striking(22, (world, machine) => {
    if (machine.powered) {
      machine.switchedOff = true;
      losePower(world, machine);
    } else if (machine.switchedOff && isFed(machine)) {
      machine.switchedOff = false;
      givePower(world, machine);
    }
  }),
  'plug-pulled': {
    row: 15,
    draw: whileHere,
    begin: (world, { host = 0 }) => feed(world, host, 1),
    end: (world, { host = 0 }) => feed(world, host, -1),
  },
  'by-hand': striking(
    11,
    (world, machine, { with: more }) =>
      moveRelay(world, machine, Number(more['outlet']), more['to'] as 'open'),
    (chance, plan) => {
      const { settings } = chance.pick(plan.hosts);
      const outlet = chance.between(0, settings.outlets.length - 1);
      return { host: settings.host, with: { outlet, to: chance.pick(['open', 'closed']) } };
    },
  ),
  runaway: {
    row: 37,
    draw: (chance, plan) => ({ ...whileHere(chance, plan), with: { gapMs: chance.pick([3, 30]) } }),
    begin: (world, _, index) => add(world, world.now, DEED.again, index, 0),
    end: () => {},
    again: (world, { host = 0, with: more }) => {
      babble(world, machineOf(world, host));
      return Number(more['gapMs']);
    },
  },
  'two-agents': {
    row: 25,
    draw: (chance, plan) => ({ forMs: 2 * anySpan(chance, plan) }),
    begin: haunt,
    end: (world) => {
      world.ghost = undefined;
    },
  },
  'host-drifts': {
    row: 7,
    draw: (chance, plan) => ({
      ...here(chance, plan),
      forMs: 4 * anySpan(chance, plan),
      with: { ppm: chance.pick([-900, 900, -20_000, 20_000]) },
    }),
    begin: (world, { host = 0, with: more }) =>
      changeRate(machineOf(world, host).clock, Number(more['ppm']), world.now),
    end: (world, { host = 0 }) => {
      const { clock, plan } = machineOf(world, host);
      changeRate(clock, plan.fastPpm, world.now);
    },
  },
  'kicks-stop': {
    row: 20,
    draw: whileHere,
    begin: (world, { host = 0 }) => {
      machineOf(world, host).kicking = false;
    },
    end: (world, { host = 0 }) => {
      machineOf(world, host).kicking = true;
    },
  },
  'timer-armed': striking('d', arm, (chance, plan) => {
    const host = chance.pick(plan.hosts);
    const { deadtimeMs, keepaliveMs } = host.settings.timing;
    const leastMs = Math.max(0.7 * deadtimeMs, 4 * keepaliveMs, host.kickMs * 2.5);
    return {
      host: host.settings.host,
      with: {
        op: chance.pick(['timer-set', 'timer-set', 'timer-off']),
        mode: host.kickMs > 0 ? chance.pick(['beat', 'kick']) : 'beat',
        action: chance.pick(['none', 'off', 'cycle']),
        pre: chance.pick(['none', 'warn']),
        nowayout: chance.between(0, 1),
        timeoutMs: Math.ceil((leastMs * chance.pick([1, 1.5, 3])) / 100) * 100,
      },
    };
  }),
};

function sicken(world: World, host: number, by: number): void {
  const machine = machineOf(world, host);
  machine.sick += by;
  setSick(world, machine);
}

function feed(world: World, host: number, by: number): void {
  const machine = machineOf(world, host);
  machine.mainsOff += by;
  settlePower(world, machine);
}

/** A second agent that takes itself for the guard of these hosts: same number, same keys. */
function haunt(world: World): void {
  const { process } = world.board;
  if (process === undefined || world.ghost !== undefined) return;
  const draw = stream(world.plan.seed, `ghost ${world.now}`);
  const { setup } = process.sessions;
  const sessions = agentSessions({ ...setup, aNonce: draw.bytes(8), draw: () => draw.bytes(8) });
  world.ghost = { sessions, ticks: newTicks() };
  add(world, world.now, DEED.ghost, 0, 0, world.ghost);
}

/** A program asks, on every channel, for the board's timer. */
function arm(world: World, machine: Machine, { host = 0, with: more }: Entry): void {
  const { shim } = machine;
  if (shim === undefined || machine.frozen > 0) return;
  const isOff = more['op'] === 'timer-off';
  const args = isOff ? new Uint8Array() : encodeTimer(timerFor(world, host, more));
  const event = { kind: 'timer', op: isOff ? 'timer-off' : 'timer-set', args } as const;
  for (const { channel, session } of shim.legs) {
    const now = localAt(machine.clock, world.now);
    const { send } = stepHostSession(session, event, now, () => machine.draw.bytes(8));
    for (const frame of send) sendUp(world, machine, channel as Channel, frame);
  }
}
