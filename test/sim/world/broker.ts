/**
 * Who is connected to the broker. A client notices at once that a broker has gone, and after one and
 * a half of its keepalives that nothing comes through; it comes back some time after its way does.
 */
import { stream } from '../streams.ts';
import { give } from './agent.ts';
import { takeShim } from './machine.ts';
import { add, DEED, type Leg, type Party, trace, type World } from './state.ts';

/** `protocol/link/mqtt-connection.ts`: a keepalive of 2 s. */
const NOTICE_MS = 3_000;
const RECONNECT_MIN_MS = 60;
const RECONNECT_MAX_MS = 2_000;

function isCut({ bends }: Leg): boolean {
  return bends.some(({ kind }) => kind === 'cut');
}

function isReachable(world: World, party: Party): boolean {
  return world.broker.downs === 0 && !isCut(party.up) && !isCut(party.down) && !isCut(world.broker);
}

/** After a change of any leg or of the broker: everybody whose way changed notices in time. */
export function lookAtLinks(world: World): void {
  for (const [index, party] of world.parties.entries()) {
    const reachable = isReachable(world, party);
    if (reachable === party.connected) continue;
    if (index === 0 && world.board.process === undefined) continue;
    party.turn += 1;
    add(world, world.now + waitMs(world, index, party), DEED.link, index, party.turn);
  }
}

function waitMs(world: World, index: number, party: Party): number {
  if (party.connected) return world.broker.downs > 0 ? 1 : NOTICE_MS;
  const chance = stream(world.plan.seed, `link ${index} ${world.now}`);
  return chance.between(RECONNECT_MIN_MS, RECONNECT_MAX_MS);
}

/** One client looks whether it is connected. */
export function onLink(world: World, index: number, turn: number): void {
  const party = world.parties[index];
  if (party === undefined || party.turn !== turn) return;
  const reachable = isReachable(world, party);
  if (reachable === party.connected) return;
  if (index === 0 && world.board.stalls > 0) {
    // A process that stands still connects to nobody, and notices nothing.
    world.board.input.push({ kind: DEED.link, a: 0, b: turn, what: undefined });
    return;
  }
  party.connected = reachable;
  trace(world, index * 2 + (reachable ? 1 : 0));
  if (index === 0) {
    if (world.board.process === undefined) party.connected = false;
    else give(world, { kind: 'listening', channel: 'mqtt', on: reachable });
    return;
  }
  const machine = world.machines[index - 1];
  if (machine?.plan.settings.mqtt !== true) return;
  takeShim(world, machine, { kind: reachable ? 'up' : 'lost', channel: 'mqtt' });
}
