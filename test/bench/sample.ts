/**
 * How late the board finds a silence, by the clock of whoever fell silent.
 *
 * One host after the other stops sending, and goes on when the board has said what is waited for:
 * `late` at warntime or `dead` at deadtime. From its last beat, which the board must have
 * acknowledged, to the event as it comes back over the broker is one clock and one process; it
 * holds the way of the beat, the wait for the next judge tick, and the way of the event. What the two
 * ways take by themselves is measured beside it, all the time, by messages that go to the broker and
 * come straight back, past the board.
 */
import { after, every, monotonicMs } from '../../protocol/link/timers.ts';

/** A host that can be made to fall silent. */
export interface Mutable {
  readonly name: string;
  mute(): void;
  unmute(): void;
  /** The last beat that was sent, and whether the board said that it came. */
  lastBeat(): { atMs: number; heard: boolean } | undefined;
}

export interface SampleSetup {
  /** The code of the event that is waited for. */
  code: string;
  /** After which silence it is due. */
  thresholdMs: number;
  /** So many hosts fall silent, one each `everyMs`; all in turn, and again from the first. */
  count: number;
  everyMs: number;
}

export interface Samples {
  /** From the last beat to the event, less the threshold. */
  latenessMs: number[];
  /** Hosts whose last beat was lost on its way, and silences that were never told. */
  lost: number;
  untold: number;
  /** Round trips of bare messages meanwhile. */
  bareMs: number[];
}

export interface SilenceSampler {
  sample(setup: SampleSetup): Promise<Samples>;
  /** An event of the board, as JSON. */
  said(bytes: Uint8Array): void;
  /** A bare message is back. */
  cameBack(bytes: Uint8Array): void;
}

/** A silence that is not told by then is not told at all. */
const UNTOLD_MS = 3_000;
const BARE_EVERY_MS = 21;

/** Silences of these hosts; one sampling at a time. `bare` sends what comes back. */
export function silenceSampler(
  hosts: readonly Mutable[],
  bare: (bytes: Uint8Array) => void,
): SilenceSampler {
  let bareMs: number[] = [];
  const waiting = new Map<string, (code: string, atMs: number) => void>();

  /** One host falls silent right away; resolves when the board has told of it, or never will. */
  function one(host: Mutable, { code, thresholdMs }: SampleSetup, into: Samples): Promise<void> {
    host.mute();
    return new Promise((resolve) => {
      const settle = (atMs: number | undefined): void => {
        limit.cancel();
        waiting.delete(host.name);
        const beat = host.lastBeat();
        host.unmute();
        if (atMs === undefined || beat === undefined) into.untold += 1;
        else if (beat.heard) into.latenessMs.push(atMs - beat.atMs - thresholdMs);
        else into.lost += 1;
        resolve();
      };
      const limit = after(thresholdMs + UNTOLD_MS, () => settle(undefined));
      waiting.set(host.name, (said, atMs) => {
        if (said === code) settle(atMs);
      });
    });
  }

  return {
    cameBack: (bytes) => {
      bareMs.push(monotonicMs() - Number(Buffer.from(bytes).toString()));
    },
    said: (bytes) => {
      const atMs = monotonicMs();
      const event: { host?: string; code: string; over: boolean } = JSON.parse(
        Buffer.from(bytes).toString(),
      );
      if (!event.over) waiting.get(event.host ?? '')?.(event.code, atMs);
    },
    sample: async (setup) => {
      bareMs = [];
      const samples: Samples = { latenessMs: [], lost: 0, untold: 0, bareMs };
      const baring = every(BARE_EVERY_MS, () => bare(Buffer.from(String(monotonicMs()))));
      const running: Promise<void>[] = [];
      for (let n = 0; n < setup.count; n += 1) {
        const host = hosts[n % hosts.length];
        // Somebody who is still silent from the last time has his turn first.
        if (host === undefined) break;
        if (waiting.has(host.name)) await Promise.all(running);
        running.push(one(host, setup, samples));
        await new Promise<void>((resolve) => {
          after(setup.everyMs, resolve);
        });
      }
      await Promise.all(running);
      baring.cancel();
      return samples;
    },
  };
}
