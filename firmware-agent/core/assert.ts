/**
 * A broken belief of ours ends the process before any effect of that step: restarting is harmless,
 * going on is not.
 */
export function assert(holds: boolean, belief: string): asserts holds {
  if (!holds) throw new Error(`this should never be: not true that ${belief}`);
}

/** Ends a switch that has named every case. */
export function unreachable(value: never): never {
  throw new Error(`this should never be: ${JSON.stringify(value)} was not expected`);
}
