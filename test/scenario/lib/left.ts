/** How a host was left by an agent that was killed, once nothing more comes of it. */
import type { BoardView } from '../../../protocol/wire/view.ts';
import type { Rack } from '../../lib/rack.ts';

export type Left = 'beats' | 'kept off' | 'found open' | 'hangs' | 'frozen';

/** Power by the bench, the rest by the board; undefined while something is still to come. */
export async function howLeft(
  rack: Rack,
  host: string,
  view: BoardView,
): Promise<Left | undefined> {
  const shown = view.hosts.find(({ name }) => name === host);
  const { contacts, power } = await rack.bench.truth(host);
  const isClosed = contacts['psu'] === 'closed' && power;
  const alarms = view.alarms.filter((alarm) => alarm.host === host).map(({ code }) => code);
  if (shown?.phase === 'frozen') return 'frozen';
  if (!isClosed && shown?.keptOffBy != null && shown.fence?.step === 'kept') return 'kept off';
  if (!isClosed) return alarms.includes('found-open') && !shown?.fence ? 'found open' : undefined;
  if (shown?.fence) return undefined;
  if (shown?.phase === 'alive') return 'beats';
  const process = rack.bench
    .log()
    .findLast((entry) => entry.kind === 'process' && entry.host === host);
  const hangs = process?.kind === 'process' && process.what === 'hang';
  return hangs && shown?.phase === 'absent' ? 'hangs' : undefined;
}
