/** The bounds of what comes from orderers, each with its reason. */
import type { Rate } from '../../protocol/wire/session/bucket.ts';

/** The longest frame an orderer sends is an ORDER of about 90 bytes; the broker's cap is the same. */
export const ORDER_FRAME_BYTES_MAX = 1_024;

/** What a STATE may carry; its frame has to stay below the 64 KiB an orderer's client takes. */
export const STATE_BODY_BYTES_MAX: number = 60 * 1_024;

/** The last fences of a host explain it; all 200 would not fit. */
export const RECORDS_IN_BODY_MAX = 5;

/** Of a record that is too long by itself, so many entries from either end are kept. */
export const RECORD_ENTRIES_KEPT = 40;

/** A dashboard that asks every second for every host of a small board stays below this. */
export const ORDERER_RATE: Rate = { perMs: 20 / 1_000, burst: 40 };

/** Orders of which it is known how they came: far more than run at once. */
export const REPLY_PATHS_MAX = 256;

/** The broker, the orderer's own line, and two more for an operator who goes from server to server. */
export const PATHS_PER_ORDER_MAX = 4;

/** Long enough for a slow broker; who asked has repeated the question by then. */
export const ANSWER_EXPIRY_S = 30;

/** An attack goes on; one sentence in this time says so. */
export const ALARM_GAP_MS = 60_000;
