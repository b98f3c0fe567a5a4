/**
 * Relays, supplies and the power sense: what stands between the board's GPIO lines and the server.
 *
 * A coil is energised while its line is an output that is high, as behind a transistor with a
 * pull-down; then its normally closed contact opens. The server has power while any of its supplies
 * has. The sense is high while the server's emulator runs, so a contact that is welded shows there.
 * Every change of a relay line is kept as an edge: the trace is the truth about what the board did.
 */
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { pause } from '../../lib/until.ts';
import type { Guest } from './guest.ts';
import type { Board, BoardLine } from './machines.ts';
import type { Timeline } from './timeline.ts';

export interface Edge {
  atMs: number;
  /** Which supply's relay. */
  supply: number;
  isHigh: boolean;
}

export interface Mains {
  /** Every edge of a relay line, the shortest too where the chip tells of them. */
  trace: Edge[];
  /** When the server got and lost its power. */
  power: { atMs: number; isOn: boolean }[];
  /** Supplies whose contact no coil opens any more. */
  welded: Set<number>;
  /** The wire of the sense is broken: the input reads low. */
  isSenseBroken: boolean;
  /** Resolves when no relay moves the server's power any more. */
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 20;

export function mains(
  board: Board,
  server: Guest,
  { supplies, timeline }: { supplies: number; timeline: Timeline },
): Mains {
  const [sense] = board.senses as [BoardLine];
  const relays = board.relays.slice(0, supplies);
  const high = relays.map(() => false);
  let stopped = false;
  const senseIsHigh = (): boolean => server.isOn() && !own.isSenseBroken;
  const own: Mains = {
    trace: [],
    power: [],
    welded: new Set(),
    isSenseBroken: false,
    stop: () => {
      stopped = true;
      return watching;
    },
  };
  const edge = (supply: number, isHigh: boolean): void => {
    own.trace.push({ atMs: monotonicMs(), supply, isHigh });
    timeline.add('relay', `line of supply ${supply + 1} ${isHigh ? 'rose' : 'fell'}`);
  };
  board.onEdge?.((line, isHigh) => {
    const supply = relays.findIndex(({ offset }) => offset === line);
    if (supply >= 0) edge(supply, isHigh);
  });
  server.onPower((isOn, atMs) => {
    own.power.push({ atMs, isOn });
    timeline.add('mains', isOn ? 'the server has power' : 'the server has no power');
  });
  const feed = async (): Promise<void> => {
    const isFed = relays.some((_, supply) => !high[supply] || own.welded.has(supply));
    if (isFed && !server.isOn()) await server.on();
    else if (!isFed && server.isOn()) await server.off();
  };
  /** Puts on the sense what it shows, also after a reset; a board that is off drives nothing. */
  const look = async (): Promise<number> => {
    if (!board.guest.isOn()) return 0;
    const looked = board.drive(sense, senseIsHigh()).then(() => board.driven());
    return looked.catch(() => 0);
  };
  const watch = async (): Promise<void> => {
    while (!stopped) {
      const bits = await look();
      const changed = relays.filter(({ offset }, supply) => {
        const isHigh = ((bits >>> offset) & 1) === 1;
        const isNew = high[supply] !== isHigh;
        high[supply] = isHigh;
        // A look that was on its way when an edge came is older than the edge.
        if (isNew && board.onEdge === undefined) edge(supply, isHigh);
        return isNew;
      });
      if (changed.length > 0) await feed();
      await pause(LOOK_EVERY_MS);
    }
  };
  const watching = watch();
  return own;
}
