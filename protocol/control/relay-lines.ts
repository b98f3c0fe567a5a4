/**
 * What a shim and the programs of its server say about order frames: one JSON object a line.
 *
 * A program hands in `frame`, sealed for the serial channel; the shim passes it to the board and
 * gives every frame that comes back for an orderer to all of them, because it cannot tell whose it
 * is. It says `line` when a program connects and whenever that changes, and `error` where it did
 * not take what came.
 */
import { attemptSync } from '../attempt.ts';
import { SERIAL_FRAME_MAX_BYTES } from '../wire/framing.ts';

export interface RelayLine {
  /** Whole and within the cap of the line. */
  frame?: Uint8Array;
  line?: 'open' | 'closed';
  /** Why the line is closed. */
  why?: string;
  error?: string;
}

export function encodeRelayLine({ frame, ...rest }: RelayLine): string {
  const text = frame === undefined ? {} : { frame: Buffer.from(frame).toString('base64') };
  return `${JSON.stringify({ ...text, ...rest })}\n`;
}

/** Reads one line; what is absent, or of another form, is left out. */
export function decodeRelayLine(line: string): RelayLine {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  const fields = (parsed.ok && typeof parsed.value === 'object' ? parsed.value : null) ?? {};
  const { frame, line: state, why, error } = fields as Record<string, unknown>;
  const bytes = typeof frame === 'string' ? Buffer.from(frame, 'base64') : undefined;
  const fits = bytes !== undefined && bytes.length > 0 && bytes.length <= SERIAL_FRAME_MAX_BYTES;
  return {
    ...(fits && { frame: bytes }),
    ...((state === 'open' || state === 'closed') && { line: state }),
    ...(typeof why === 'string' && { why }),
    ...(typeof error === 'string' && { error }),
  };
}
