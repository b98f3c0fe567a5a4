/**
 * One host of the bench: power, and the process that lives by it.
 *
 * When power goes, the shim's whole process group is killed at once, as a machine dies; when it
 * returns, the shim starts after the boot time, in another life with another boot id.
 */
import { randomUUID } from 'node:crypto';
import { after, type Timer } from '../../../protocol/link/timers.ts';
import type { BenchHost, RelayFault, SenseFault } from './config.ts';
import type { BenchLog } from './log.ts';
import { hostPower, type Power } from './power.ts';
import { type HostProcess, hostProcess } from './process.ts';

export interface Host {
  readonly name: string;
  readonly power: Power;
  readonly process: HostProcess;
  /** What the sense shows, `mute` when it does not answer; throws for one that the host has not. */
  sense(name: string): 'on' | 'off' | 'unknown' | 'mute';
  setSenseFault(name: string, fault: SenseFault): void;
  setRelayFault(outlet: string, fault: RelayFault): void;
  /** Mains before an outlet goes or returns, without a command. */
  setFeed(outlet: string, on: boolean): void;
  /** A pulse on one of its lines; throws for one that the host has not. */
  pulse(line: string): void;
  /** Another life without a power edge: killed, and started after the boot time. */
  reboot(): void;
  close(): void;
}

/** Makes a host with power and starts its shim. */
export function benchHost(config: BenchHost, log: BenchLog): Host {
  const { name, bootMs = 0 } = config;
  const process = hostProcess(name, config.shim, log);
  const faults = new Map<string, SenseFault>();
  let booting: Timer | undefined;
  let dumping: Timer | undefined;

  const die = (): void => {
    booting?.cancel();
    dumping?.cancel();
    process.kill();
  };
  const boot = (): void => {
    booting = after(bootMs, () => process.start(randomUUID()));
  };
  const power = hostPower(config, log, (on) => {
    if (on) boot();
    else die();
  });
  const reboot = (): void => {
    die();
    if (power.hostIsOn()) boot();
  };
  const pulse = (wanted: string): void => {
    const line = config.pulses?.find((one) => one.name === wanted);
    if (line === undefined) throw new Error(`${name} has no line ${wanted}`);
    log.write({ kind: 'pulse', host: name, line: wanted });
    if (line.does === 'reboot' && power.hostIsOn()) dumping = after(line.afterMs ?? 0, reboot);
  };
  const findSense = (wanted: string) => {
    const found = config.senses.find((sense) => sense.name === wanted);
    if (found === undefined) throw new Error(`${name} has no sense ${wanted}`);
    return found;
  };
  const tell = (part: string, fault: unknown): void =>
    log.write({ kind: 'fault', host: name, part, fault });
  process.start(randomUUID());

  return {
    name,
    power,
    process,
    sense: (wanted) => {
      const { covers } = findSense(wanted);
      const fault = faults.get(wanted) ?? 'none';
      if (fault !== 'none') return fault;
      const isOn = covers === 'host' ? power.hostIsOn() : power.isOn(covers);
      return isOn ? 'on' : 'off';
    },
    setSenseFault: (sense, fault) => {
      tell(findSense(sense).name, fault);
      faults.set(sense, fault);
    },
    setRelayFault: (outlet, fault) => {
      const { relay } = power.outlet(outlet);
      tell(outlet, fault);
      relay.setFault(fault);
    },
    setFeed: (outlet, on) => {
      tell(power.outlet(outlet).name, { feed: on });
      power.setFeed(outlet, on);
    },
    pulse,
    reboot,
    close: () => {
      die();
      power.close();
    },
  };
}
