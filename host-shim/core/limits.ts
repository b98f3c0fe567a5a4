/** The bounds of the shim, each with its reason. */
import type { Rate } from '../../protocol/wire/session/bucket.ts';

/**
 * How long the answer to LEAVING, and then to LEFT, is waited for: three tries at one a second.
 * Both together stay far below the 90 s after which systemd kills a service that was told to stop.
 */
export const LEAVE_WAIT_MS = 3_200;

/**
 * The same where this machine restarts if it ends unheard: long enough for a board that restarts or
 * stands still for a while. Both words together are still far below those 90 s.
 */
export const LEAVE_PATIENT_MS = 10_000;

/** A broker's round trip, several times over, for the channels that answer later than the first. */
export const LEAVE_OTHERS_MS = 500;

/** The grace asked for where nobody says otherwise: a restart of the service takes seconds. */
export const RETURN_BY_DEFAULT_S = 60;

/** How long the board's first answer to a claim or release is waited for: three tries at one a second. */
export const GROUP_SILENT_MS = 3_200;

/** A service that starts elsewhere first may wait for a fence, a boot, and a person. */
export const GROUP_WAIT_MAX_MS = 3_600_000;

/** Turns count in this unit from the boot, and no word about groups comes sooner after another. */
export const GROUP_WORD_GAP_MS = 100;

/** The board grants no more (leave_max). */
export const RETURN_BY_MAX_S = 600;

/** Lines of one local program: an order client says two or three a second and order. */
export const CLIENT_RATE: Rate = { perMs: 50 / 1_000, burst: 100 };

/** Some hundred answers that a local program has not read; it does not read at all. */
export const CLIENT_UNREAD_BYTES_MAX = 65_536;

/**
 * A machine that slept longer than this was silent for so long without knowing it. The board calls a
 * beat stale at this age (F), unless its own timers are shorter or a channel is slow.
 */
export const SLEEP_MS_MAX = 5_000;

/** An agent that is stopped on purpose is waited for no longer: an update takes minutes at worst. */
export const SUSPEND_MS_MAX = 600_000;

/** How often the self-fence is looked at, besides before every event. */
export const LOOK_MS = 500;
