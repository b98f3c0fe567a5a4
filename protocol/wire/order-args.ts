/**
 * What an order says beside its operation, in the at most 8 bytes of its `args`.
 *
 * | operation | bytes                                              |
 * |-----------|----------------------------------------------------|
 * | all       | none at all; or flags, of which bit 0 is `override` |
 * | fence     | flags, of which bit 1 is `drill`                    |
 * | ack       | flags, then the reason: up to 7 printable ASCII     |
 * | disable   | flags, then seconds, 24 bits, big end first         |
 * | timer-set | the 8 bytes of timer.ts, without flags              |
 *
 * Anything else is refused whole: half an order that is understood is another order.
 */
import type { Operation } from './messages.ts';
import { decodeTimer, encodeTimer, type TimerSettings } from './timer.ts';

export interface OrderArgs {
  /** Moves even a frozen host, and overrules what is read of it (S12); operators only. */
  override?: true;
  /** The fence is to show which machine these outlets cut; operators only. */
  drill?: true;
  /** Why, in the words of the person who answers for it. */
  reason?: string;
  /** After how long a maintenance ends by itself. */
  forS?: number;
  /** What a timer is set to. */
  timer?: TimerSettings;
}

/** Longest reason over the wire: the number of a ticket. On the board itself it is a sentence. */
export const WIRE_REASON_MAX = 7;

/** 2^24 - 1 seconds are half a year. */
export const FOR_S_MAX = 0xff_ffff;

const OVERRIDE = 0x01;
const DRILL = 0x02;

/** The bytes of `args`; undefined where they cannot say it. */
export function encodeArgs(op: Operation, args: OrderArgs): Uint8Array | undefined {
  const { override, drill, reason, forS, timer } = args;
  if ((op === 'timer-set') !== (timer !== undefined)) return undefined;
  if (timer !== undefined) return override === undefined ? encodeTimer(timer) : undefined;
  if (drill !== undefined && op !== 'fence') return undefined;
  if (reason !== undefined && (op !== 'ack' || !isShort(reason))) return undefined;
  if (forS !== undefined && (op !== 'disable' || !isSpan(forS))) return undefined;
  const flags = (override === true ? OVERRIDE : 0) | (drill === true ? DRILL : 0);
  const words = reason === undefined ? [] : [...reason].map((letter) => letter.charCodeAt(0));
  const span = forS === undefined ? [] : [forS >> 16, (forS >> 8) & 0xff, forS & 0xff];
  return flags === 0 && words.length + span.length === 0
    ? new Uint8Array()
    : Uint8Array.of(flags, ...words, ...span);
}

/** What the bytes say; undefined where they are not in the form of that operation. */
export function decodeArgs(op: Operation, bytes: Uint8Array): OrderArgs | undefined {
  if (op === 'timer-set') {
    const timer = decodeTimer(bytes);
    return timer === undefined ? undefined : { timer };
  }
  const [flags = 0, ...rest] = bytes;
  const known = op === 'fence' ? OVERRIDE | DRILL : OVERRIDE;
  if ((flags & ~known) !== 0) return undefined;
  const said = {
    ...((flags & OVERRIDE) !== 0 && ({ override: true } as const)),
    ...((flags & DRILL) !== 0 && ({ drill: true } as const)),
  };
  if (rest.length === 0) return said;
  if (op === 'ack') {
    const reason = String.fromCharCode(...rest);
    return isShort(reason) ? { ...said, reason } : undefined;
  }
  if (op !== 'disable' || rest.length !== 3) return undefined;
  const [high = 0, middle = 0, low = 0] = rest;
  const forS = (high << 16) | (middle << 8) | low;
  return isSpan(forS) ? { ...said, forS } : undefined;
}

function isShort(reason: string): boolean {
  return /^[\x20-\x7e]+$/.test(reason) && reason.length <= WIRE_REASON_MAX;
}

function isSpan(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds > 0 && seconds <= FOR_S_MAX;
}
