/**
 * Order frames between the programs of this server and its serial line.
 *
 * They are sealed under keys that the shim does not have: it looks at no more than whether a frame
 * has the form of an order or question, so that nobody borrows the line for anything else, and gives
 * whatever comes back for an orderer to all programs that are connected. The line is there for
 * beats; what orders may have of it is a share (`line-share.ts`), and none of it while a beat
 * is about to be due.
 */
import { encodeRelayLine } from '../protocol/control/relay-lines.ts';
import { lineShare } from '../protocol/link/line-share.ts';
import { failure, ok, type Result } from '../protocol/result.ts';
import { isOrderTraffic } from '../protocol/wire/session/orderer.ts';

export interface Relay {
  /** What a program is told when it connects. */
  greeting(): string;
  /** Takes a frame of a local program for the board. */
  take(frame: Uint8Array, client: object): Result<void>;
  up(): void;
  lost(reason: string): void;
  /** Hands an answer from the line to all programs; false where the frame is for the shim itself. */
  answer(frame: Uint8Array): boolean;
}

export interface RelaySetup {
  /** Absent where the host has no serial line. */
  baud?: number;
  send(frame: Uint8Array): void;
  /** For how long the shim itself has nothing to say, as far as it knows. */
  freeMs(): number;
  /** Says a line to every local program. */
  tell(line: string): void;
}

export function relay({ baud, send, freeMs, tell }: RelaySetup): Relay {
  const share = baud === undefined ? undefined : lineShare({ baud, send, freeMs });
  let why: string | undefined =
    share === undefined ? 'shim.toml has no [serial]' : 'it was not opened yet';
  const greeting = (): string =>
    encodeRelayLine(
      why === undefined ? { line: 'open' } : { line: 'closed', why: closedWords(why) },
    );

  return {
    greeting,
    take: (frame, client) => {
      if (!isOrderTraffic(frame, 'up')) return failure('bad', 'the frame is no order or question');
      if (why !== undefined) return failure('closed', closedWords(why));
      const taken = share?.offer(frame, client) === true;
      return taken ? ok(undefined) : failure('busy', 'too many frames wait for the serial line');
    },
    up: () => {
      why = undefined;
      tell(greeting());
    },
    lost: (reason) => {
      why = reason;
      tell(greeting());
    },
    answer: (frame) => {
      if (!isOrderTraffic(frame, 'down')) return false;
      tell(encodeRelayLine({ frame }));
      return true;
    },
  };
}

function closedWords(why: string): string {
  return `its serial line is not open: ${why}`;
}
