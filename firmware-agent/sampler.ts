/**
 * Asks every contact, sense and modem line, again and again, and hands on what they answer.
 *
 * A device is asked as often as its driver says while a fence of its host runs, and about twice a
 * second otherwise, or less often where each question costs much. It is never asked twice at once, so one that hangs delays only itself; its
 * facts grow old in the core, which then believes them no more.
 */
import type { SerialLink } from '../protocol/link/serial.ts';
import { after, inSlices, monotonicMs, type Timer } from '../protocol/link/timers.ts';
import type { Event } from './core/events.ts';
import { SAMPLE_IDLE_MS } from './core/limits.ts';
import type { BoardSettings } from './core/settings.ts';
import type { Devices } from './drivers/devices.ts';

export interface Sampler {
  /** Resolves once every contact was really read; one that never answers keeps it open. */
  first: Promise<void>;
  /** Asks the devices of this host at once, and from now on as often as they bear. */
  hasten(host: number): void;
  close(): void;
}

export interface SamplerSetup {
  board: BoardSettings;
  devices: Pick<Devices, 'outlets' | 'senses'>;
  serial: ReadonlyMap<number, Pick<SerialLink, 'modem'>>;
  take: (event: Event) => void;
  isFenced: (host: number) => boolean;
}

interface Probe {
  host: number;
  periodMs: number;
  idleMs?: number | undefined;
  /** Whether the board's start waits for it. */
  first: boolean;
  /** Resolves with whether the device really answered. */
  ask: () => Promise<boolean>;
}

export function sampler(setup: SamplerSetup): Sampler {
  let closed = false;
  const loops = probes(setup).map((probe) => {
    const { host, periodMs, idleMs = 0, first } = probe;
    let timer: Timer | undefined;
    let asking = false;
    let known = (): void => undefined;
    let isKnown = !first;
    const knownOnce = new Promise<void>((resolve) => {
      known = resolve;
    });
    if (isKnown) known();
    const ask = async (): Promise<void> => {
      if (closed || asking) return;
      asking = true;
      timer?.cancel();
      const answered = await probe.ask();
      if (answered && !isKnown) {
        isKnown = true;
        known();
      }
      asking = false;
      if (closed) return;
      const fast = !isKnown || setup.isFenced(host);
      const idle = Math.max(SAMPLE_IDLE_MS, periodMs, answered ? idleMs : 0);
      timer = after(fast ? periodMs : idle, () => void ask());
    };
    return { host, knownOnce, ask, cancel: () => timer?.cancel() };
  });
  inSlices(loops, ({ ask }) => void ask());
  return {
    first: Promise.all(loops.map((loop) => loop.knownOnce)).then(() => undefined),
    hasten: (host) => {
      for (const loop of loops) if (loop.host === host) void loop.ask();
    },
    close: () => {
      closed = true;
      for (const loop of loops) loop.cancel();
    },
  };
}

function probes({ board, devices, serial, take }: SamplerSetup): Probe[] {
  return board.hosts.flatMap(({ host, serial: port, outlets: settings }): Probe[] => {
    const outlets = (devices.outlets.get(host) ?? []).map((device, outlet) => ({
      host,
      periodMs: device.periodMs,
      idleMs: device.idleMs,
      first: settings[outlet]?.readable === true,
      ask: async () => {
        const askedAt = monotonicMs();
        const value = await device.read();
        take({ kind: 'contact', host, outlet, value, askedAt });
        return value !== 'unknown';
      },
    }));
    const senses = (devices.senses.get(host) ?? []).map((device, sense) => ({
      host,
      periodMs: device.periodMs,
      first: false,
      ask: async () => {
        const askedAt = monotonicMs();
        const value = await device.read();
        take({ kind: 'sense', host, sense, value, askedAt });
        return value !== 'unknown';
      },
    }));
    const line = port?.modem === true ? serial.get(host) : undefined;
    if (line === undefined) return [...outlets, ...senses];
    const modem = {
      host,
      periodMs: SAMPLE_IDLE_MS,
      first: false,
      ask: async () => {
        take({ kind: 'modem', host, line: await line.modem() });
        return true;
      },
    };
    return [...outlets, ...senses, modem];
  });
}
