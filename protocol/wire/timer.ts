/**
 * The watchdog timer of a host, in the words and numbers of IPMI, and its settings in 8 bytes.
 *
 * One layout serves all: `args` of a KICK that arms, of an ORDER `timer-set`, and of the TIMER that
 * answers. Uses, actions 0 to 3 and pre-timeout interrupts have the numbers of the IPMI watchdog;
 * times are counted in its 100 ms, both 16 bits, big end first, and the pre-timeout is counted back
 * from the expiry.
 *
 * | byte | holds                                                          |
 * |------|----------------------------------------------------------------|
 * | 0    | use                                                            |
 * | 1    | bit 0: mode (1 is `kick`), bit 1: nowayout                     |
 * | 2    | action                                                         |
 * | 3    | what the pre-timeout does                                      |
 * | 4, 5 | timeout; 0 is refused                                          |
 * | 6, 7 | pre-timeout, less than the timeout; 0 where it does nothing    |
 *
 * Anything else is refused whole.
 */
import { nameOf } from './messages.ts';

export const TIMER_USE = {
  'bios-frb2': 1,
  'bios-post': 2,
  'os-load': 3,
  'sms-os': 4,
  oem: 5,
} as const;
export type TimerUse = keyof typeof TIMER_USE;

/** What the expiry does; the last is ours, the others are those of IPMI. */
export const TIMER_ACTION = { none: 0, reset: 1, off: 2, cycle: 3, diag: 4 } as const;
export type TimerAction = keyof typeof TIMER_ACTION;

/** What the pre-timeout does: `diag` is IPMI's NMI, `warn` its messaging interrupt. */
export const PRE_ACTION = { none: 0, diag: 2, warn: 3 } as const;
export type PreAction = keyof typeof PRE_ACTION;

/** Where a timer stands, as TIMER says it. */
export const TIMER_STATE = { off: 0, armed: 1, pretimeout: 2, expired: 3 } as const;
export type TimerState = keyof typeof TIMER_STATE;

export interface TimerSettings {
  use: TimerUse;
  /** What refreshes it: any fresh beat, or nothing but a kick. */
  mode: 'beat' | 'kick';
  /** Nothing but the end of the host's life disarms or changes it (S13). */
  nowayout: boolean;
  action: TimerAction;
  preAction: PreAction;
  timeoutMs: number;
  /** Before the expiry; 0 where `preAction` is `none`. */
  pretimeoutMs: number;
}

/** Times are counted in tenths of a second. */
export const TIMER_UNIT_MS = 100;
export const TIMEOUT_MAX_MS: number = 0xffff * TIMER_UNIT_MS;

const MODE_KICK = 0x01;
const NOWAYOUT = 0x02;

/** The 8 bytes; times are rounded up to the unit. */
export function encodeTimer(settings: TimerSettings): Uint8Array {
  const { use, mode, nowayout, action, preAction, timeoutMs, pretimeoutMs } = settings;
  const flags = (mode === 'kick' ? MODE_KICK : 0) | (nowayout ? NOWAYOUT : 0);
  return Uint8Array.of(
    TIMER_USE[use],
    flags,
    TIMER_ACTION[action],
    PRE_ACTION[preAction],
    ...pair(timeoutMs),
    ...pair(pretimeoutMs),
  );
}

/** What the bytes say; undefined where they are not in that form. */
export function decodeTimer(bytes: Uint8Array): TimerSettings | undefined {
  const [useByte = 0, flags = 0, actionByte = 0, preByte = 0, a = 0, b = 0, c = 0, d = 0] = bytes;
  const use = nameOf(TIMER_USE, useByte);
  const action = nameOf(TIMER_ACTION, actionByte);
  const preAction = nameOf(PRE_ACTION, preByte);
  if (bytes.length !== 8 || (flags & ~(MODE_KICK | NOWAYOUT)) !== 0) return undefined;
  if (use === undefined || action === undefined || preAction === undefined) return undefined;
  const timeoutMs = ((a << 8) | b) * TIMER_UNIT_MS;
  const pretimeoutMs = ((c << 8) | d) * TIMER_UNIT_MS;
  if (timeoutMs === 0 || pretimeoutMs >= timeoutMs) return undefined;
  if ((preAction === 'none') !== (pretimeoutMs === 0)) return undefined;
  const mode = (flags & MODE_KICK) === 0 ? 'beat' : 'kick';
  const nowayout = (flags & NOWAYOUT) !== 0;
  return { use, mode, nowayout, action, preAction, timeoutMs, pretimeoutMs };
}

/** Settings that came as JSON; undefined where the bytes would not say exactly the same. */
export function checkedTimer(value: unknown): TimerSettings | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given = value as Record<string, unknown>;
  const known = decodeTimer(encodeTimer(value as TimerSettings));
  if (known === undefined) return undefined;
  const isSame = Object.entries(known).every(([key, said]) => given[key] === said);
  return isSame && Object.keys(given).length === Object.keys(known).length ? known : undefined;
}

/** Whether two timers are the same in everything that the wire can say. */
export function sameTimer(a: TimerSettings, b: TimerSettings): boolean {
  const bytes = encodeTimer(b);
  return encodeTimer(a).every((byte, i) => byte === bytes[i]);
}

/** A time in units of the wire, for `remaining`. */
export function tenths(ms: number): number {
  return Math.min(0xffff, Math.max(0, Math.ceil(ms / TIMER_UNIT_MS)));
}

function pair(ms: number): [number, number] {
  const units = tenths(ms);
  return [units >> 8, units & 0xff];
}
