/** The racks that most scenarios start from: some hosts, short timers, a broker of their own. */
import type { Mosquitto } from '../../lib/brokers/mosquitto.ts';
import type { RackSetup } from '../../lib/rack.ts';
import { type Millis, timing } from './timing.ts';

const MOONS = ['deimos', 'phobos', 'io', 'europa', 'callisto', 'titan', 'rhea', 'dione'];

/** So many hosts, with names that a person can tell apart. */
export function hostNames(count: number): string[] {
  return MOONS.slice(0, count);
}

/** Hosts with a serial line each and the broker as their second path. */
export function onBothPaths(
  count: number,
  broker: Pick<Mosquitto, 'url'>,
  millis?: Millis,
): RackSetup {
  return {
    hosts: hostNames(count),
    timing: timing(millis),
    broker: { url: broker.url, protocol: 5 },
  };
}

/** Hosts with one serial line and nothing else, fenced on silence alone. */
export function onSerialAlone(count: number, millis?: Millis): RackSetup {
  return { hosts: hostNames(count), timing: timing(millis), hostLines: ['silence = "act"'] };
}

/** The board's own echo counts as proof, as it does where the broker is another machine. */
export function farFromBroker(setup: RackSetup): RackSetup {
  const { broker } = setup;
  return broker === undefined ? setup : { ...setup, broker: { ...broker, elsewhere: true } };
}
