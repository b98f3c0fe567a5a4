/**
 * Where a host's power comes from: each outlet feeds one supply, and the host has power while any supply
 * has. A supply outlives its contact by the hold-up, and needs mains before the contact too.
 */
import { after, type Timer } from '../../../protocol/link/timers.ts';
import type { BenchContact, BenchHost } from './config.ts';
import type { BenchLog } from './log.ts';
import { type Relay, relay } from './relay.ts';

export interface Outlet {
  readonly name: string;
  readonly answerMs: number;
  readonly relay: Relay;
  command(to: BenchContact): void;
}

export interface Power {
  readonly outlets: Outlet[];
  /** Throws for an outlet that the host has not. */
  outlet(name: string): Outlet;
  /** Whether any of the supplies behind these outlets has power. */
  isOn(outlets: string[]): boolean;
  hostIsOn(): boolean;
  /** Mains before the contact, as a fuse; true at the start. */
  setFeed(outlet: string, on: boolean): void;
  close(): void;
}

interface Supply {
  isOn: boolean;
  isFed: boolean;
  draining?: Timer;
}

const HOLD_UP_MS = 100;
const RELAY_MS = 5;

/** Makes the power of one host with all contacts closed; `onEdge` follows each edge in the log. */
export function hostPower(config: BenchHost, log: BenchLog, onEdge: (on: boolean) => void): Power {
  const { name: host, holdUpMs = HOLD_UP_MS } = config;
  const supplies = new Map<string, Supply>();
  const isOn = (names: string[]): boolean => names.some((name) => supplies.get(name)?.isOn);
  const hostIsOn = (): boolean => isOn([...supplies.keys()]);
  const turn = (supply: Supply, on: boolean): void => {
    const was = hostIsOn();
    supply.isOn = on;
    if (hostIsOn() === was) return;
    log.write({ kind: 'power', host, to: on ? 'on' : 'off' });
    onEdge(on);
  };
  const judge = (supply: Supply, contact: BenchContact): void => {
    supply.draining?.cancel();
    if (supply.isFed && contact === 'closed') turn(supply, true);
    else if (supply.isOn) supply.draining = after(holdUpMs, () => turn(supply, false));
  };
  const outlets = config.outlets.map(({ name, relayMs = RELAY_MS, answerMs = 0 }): Outlet => {
    const supply: Supply = { isOn: true, isFed: true };
    supplies.set(name, supply);
    const contact = relay(relayMs, (to) => {
      log.write({ kind: 'contact', host, outlet: name, to });
      judge(supply, to);
    });
    const command = (to: BenchContact): void => {
      log.write({ kind: 'command', host, outlet: name, to });
      contact.command(to);
    };
    return { name, answerMs, relay: contact, command };
  });
  const outlet = (wanted: string): Outlet => {
    const found = outlets.find(({ name }) => name === wanted);
    if (found === undefined) throw new Error(`${host} has no outlet ${wanted}`);
    return found;
  };
  return {
    outlets,
    outlet,
    isOn,
    hostIsOn,
    setFeed: (name, on) => {
      const supply = supplies.get(name);
      if (supply === undefined) throw new Error(`${host} has no outlet ${name}`);
      supply.isFed = on;
      judge(supply, outlet(name).relay.contact());
    },
    close: () => {
      for (const { relay: contact } of outlets) contact.close();
      for (const { draining } of supplies.values()) draining?.cancel();
    },
  };
}
