/**
 * Who is heard, and since when.
 *
 * Whether a session stands is known to both of its ends, so both are asked: the board shows what it
 * hears, and the shim writes into its own log when the board's welcome reached it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlClient } from '../../../protocol/control/client.ts';
import type { BoardView } from '../../../protocol/wire/view.ts';
import { atMsOf, type Rack } from '../../lib/rack.ts';
import { pause, until } from '../../lib/until.ts';

export type Channel = 'serial' | 'mqtt';

/** Asks the agent over its socket; undefined where nobody answers there. */
export async function viewOf(rack: Rack): Promise<BoardView | undefined> {
  const client = await controlClient(join(rack.dir, 'agent.sock'));
  if (!client.ok) return undefined;
  const answer = await client.value.ask({ ask: 'view' });
  client.value.close();
  return answer.ok && answer.value.is === 'view' ? answer.value.view : undefined;
}

const LOOK_EVERY_MS = 40;

/** Resolves when every host is alive and heard on all these channels; throws after `limitMs`. */
export async function allBeat(
  rack: Rack,
  hosts: string[],
  channels: Channel[] = ['serial', 'mqtt'],
  limitMs = 12_000,
): Promise<void> {
  let missing = '';
  // A beat a keepalive, one of which may just be on its way.
  const quietMs = 2 * Number.parseInt(rack.setup.timing.keepalive, 10) + 200;
  const look = async (): Promise<boolean> => {
    const view = await viewOf(rack);
    const isHeard = (host: string): boolean =>
      view !== undefined && beats(view, host, channels, quietMs);
    missing = hosts.filter((host) => !isHeard(host)).join(', ');
    // Each look costs the agent a view of everything.
    if (missing !== '') await pause(LOOK_EVERY_MS);
    return missing === '';
  };
  await until('every host beats on every path', look, limitMs).catch(() => {
    throw new Error(`not within ${limitMs} ms: beating on ${channels.join(' and ')}: ${missing}`);
  });
}

function beats(view: BoardView, name: string, channels: Channel[], quietMsMax: number): boolean {
  const host = view.hosts.find((one) => one.name === name);
  if (host?.phase !== 'alive') return false;
  return channels.every((channel) => {
    const way = host.channels.find((one) => one.channel === channel);
    return way?.listening && way.carried && (way.quietMs ?? quietMsMax) < quietMsMax;
  });
}

/** Resolves when no alarm stands any more but those named; throws after `limitMs`. */
export async function allClear(rack: Rack, but: string[] = [], limitMs = 5_000): Promise<void> {
  let standing = '';
  const look = async (): Promise<boolean> => {
    const alarms = (await viewOf(rack))?.alarms ?? [];
    standing = alarms
      .filter(({ code }) => !but.includes(code))
      .map(({ host, code }) => `${host ?? 'the board'}: ${code}`)
      .join(', ');
    return standing === '';
  };
  await until('no alarm stands', look, limitMs).catch(() => {
    throw new Error(`alarms stand ${limitMs} ms later: ${standing}`);
  });
}

/** One line of a shim's log. */
export interface ShimLine {
  atMs: number;
  text: string;
}

/** What the shim of a host said in all its lives, by the clock of the bench's log. */
export function shimLines(rack: Rack, host: string): ShimLine[] {
  const path = join(rack.dir, `${host}.log`);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const { time, text } = JSON.parse(line) as { time: string; text: string };
      return { atMs: atMsOf(time), text };
    });
}

/** When a session of the host stood on that channel, after `sinceMs`; undefined where none did. */
export function sessionAt(
  rack: Rack,
  host: string,
  channel: Channel,
  sinceMs: number,
): number | undefined {
  return shimLines(rack, host).find(
    ({ atMs, text }) => atMs >= sinceMs && text.startsWith(`${channel}: a session`),
  )?.atMs;
}
