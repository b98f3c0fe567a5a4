/** Opens what the configuration names: the one place that knows every driver by name. */
import type { HostDevices } from '../config/config.ts';
import type { BoardSettings } from '../core/settings.ts';
import type { PowerSwitch, PulseLine, Sense } from '../ports/power.ts';
import { type BenchBoard, benchBoard } from './bench.ts';

export interface Devices {
  /** By host number, in the order of the settings. */
  outlets: Map<number, PowerSwitch[]>;
  senses: Map<number, Sense[]>;
  pulses: Map<number, PulseLine[]>;
  close(): Promise<void>;
}

/** Opens every device of every host; one that is not there reads `unknown` until it is. */
export function openDevices(board: BoardSettings, devices: readonly HostDevices[]): Devices {
  const benches = new Map<string, BenchBoard>();
  const benchAt = (socket: string): BenchBoard => {
    const bench = benches.get(socket) ?? benchBoard({ socket });
    benches.set(socket, bench);
    return bench;
  };
  const outlets = new Map<number, PowerSwitch[]>();
  const senses = new Map<number, Sense[]>();
  const pulses = new Map<number, PulseLine[]>();
  for (const host of board.hosts) {
    const own = devices.find((one) => one.host === host.host);
    const place = (
      { name, periodMs }: { name: string; periodMs: number },
      plug: string,
    ): Parameters<BenchBoard['switchOf']>[0] => ({ name, plug, periodMs });
    outlets.set(
      host.host,
      (own?.outlets ?? []).map(({ socket, plug }, i) =>
        benchAt(socket).switchOf(
          place(host.outlets[i] as { name: string; periodMs: number }, plug),
        ),
      ),
    );
    senses.set(
      host.host,
      (own?.senses ?? []).map(({ socket, plug }, i) =>
        benchAt(socket).senseOf(place(host.senses[i] as { name: string; periodMs: number }, plug)),
      ),
    );
    pulses.set(
      host.host,
      (own?.pulses ?? []).map(({ socket, plug }, i) =>
        benchAt(socket).pulseOf({ name: host.pulses[i]?.name ?? '', plug }),
      ),
    );
  }
  return {
    outlets,
    senses,
    pulses,
    close: async () => {
      await Promise.all([...benches.values()].map((bench) => bench.close()));
    },
  };
}
