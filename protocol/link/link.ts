/**
 * A link carries frames between two processes and says when it cannot.
 *
 * Losing a link says nothing about the host behind it: `lost` means "nobody listens here", and the
 * caller must stop counting silence until `up`. A link reopens by itself with back-off for as long
 * as it is not closed. Nothing here blocks: what cannot be sent at once is dropped and counted,
 * because a late heartbeat is worth nothing.
 */
export interface Link {
  /** Offers one frame; false when it was dropped (link lost, or its backlog full). */
  send(frame: Uint8Array): boolean;
  /** Closes for good; no event follows. */
  close(): Promise<void>;
  counters(): LinkCounters;
}

export interface LinkEvents {
  /** The path is open and whatever the peer sends now is heard. Also after each reopening. */
  up(): void;
  /** Nothing is heard from now on; `reason` is one line for people. Once per loss. */
  lost(reason: string): void;
  /** One frame, whole, as it arrived; the bytes belong to the callee. */
  frame(bytes: Uint8Array): void;
}

export interface LinkCounters {
  framesIn: number;
  framesOut: number;
  /** Frames that were not sent because the link was lost or full. */
  dropped: number;
  /** Frames whose CRC was wrong: noise, a wrong baud rate, a first frame cut in two. */
  noise: number;
  /** Frames longer than the cap. */
  oversize: number;
  opened: number;
}
