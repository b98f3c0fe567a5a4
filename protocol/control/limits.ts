/** How much one peer of the local socket may cost the other; each bound with its reason. */

/** A request is a name or two and numbers; a longer one is a mistake or a hostile client. */
export const REQUEST_LINE_BYTES_MAX = 4_096;

/** Why somebody answers for a host, in a sentence. */
export const REASON_CHARS_MAX = 200;

/** 200 fence records with their entries, or a board of thousands of hosts, fit in one answer. */
export const ANSWER_LINE_BYTES_MAX: number = 16 * 1024 * 1024;

/** People and scripts at one board; each client costs a descriptor and its buffers. */
export const CLIENTS_MAX = 16;

/** A client that orders more at once than this does not wait for its answers. */
export const OPEN_ORDERS_PER_CLIENT_MAX = 32;

/** A client that asks and does not read is cut off before its unread answers fill the memory. */
export const UNREAD_BYTES_MAX: number = 32 * 1024 * 1024;

/** A local process that cannot answer in this time hangs, and a person should be told so. */
export const ANSWER_WAIT_MS = 5_000;
