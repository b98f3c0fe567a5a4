/**
 * What only the agent knows of its own health, as plain facts over the local socket.
 *
 * Nothing here judges: `fencepost doctor` does, so that the small board carries no sentences. Ages
 * and spans are ms; null stands for never.
 */

export interface DoctorFacts {
  pid: number;
  hosts: HostFacts[];
  serial: SerialFacts[];
  broker: BrokerFacts | null;
  keysPath: string;
  keys: KeyFacts[];
  storage: StorageFacts;
  loop: LoopFacts;
}

export interface HostFacts {
  name: string;
  silence: 'prove' | 'act';
  proof: 'verified' | 'by-hold' | 'by-timeout';
  /** By what its silence could be shown to be its own (firmware-agent/config/ways-of-proof.ts). */
  ways: { single: boolean; echo: boolean; others: boolean; modem: boolean; senses: boolean };
  /**
   * Since the last sign that our side of each of its channels works, null where none came; `chain`
   * is what gives such signs, and is null where nothing can.
   */
  near: { channel: 'serial' | 'mqtt'; chain: string | null; ageMs: number | null }[];
  /** A longer gap between such signs ends their stretch. */
  proofGapMs: number;
  /** Its modem lines so far; null where they are not asked. */
  modem: { seenAsserted: boolean; seenDropped: boolean } | null;
  worst: WorstTimes;
}

/** The longest times that the timers promise (firmware-agent/core/worst-case.ts). */
export interface WorstTimes {
  verdictMs: number;
  afterStallMs: number;
  fencedMs: number;
  failedMs: number;
  /** By timeout, and twice the timeout of the host's own watchdog; absent where that is no proof. */
  outlivedMs?: number;
  sessionMs: number;
}

export interface SerialFacts {
  host: string;
  path: string;
  baud: number;
  open: boolean;
  /** Of its being open or not. */
  forMs: number;
  /** Why it was lost or could not be opened, the last time; empty where neither happened. */
  reason: string;
}

export interface BrokerFacts {
  url: string;
  protocol: 4 | 5;
  onBoard: boolean;
  open: boolean;
  forMs: number;
  reason: string;
  /** Since our own echo came back; null where none did. */
  echoMs: number | null;
  echoPeriodMs: number;
  /** Times that it was connected. */
  opened: number;
  dropped: number;
}

export interface KeyFacts {
  role: 'host' | 'order' | 'admin';
  owner: string;
  kids: number[];
  /** Absent where the owner has no key. */
  sending?: number;
}

export interface StorageFacts {
  dir: string;
  /** Why nothing can be written there, as asked just now; null where it seems that it can. */
  refusal: string | null;
  /** The last save that came to an end; `failure` is null where the disk took it. */
  saved: { ageMs: number; failure: string | null } | null;
  /** Each slot as it was last read or written: `valid`, `absent`, `corrupt`, `unreadable`. */
  slots: string[];
  records: number;
  unreadable: number;
  unsaved: number;
}

export interface LoopFacts {
  judgeTickMs: number;
  loopLagMs: number;
  stalledMs: number;
  /** The latest of them, oldest first; shorter ones before a longer are left out. */
  stalls: { ageMs: number; lengthMs: number }[];
}
