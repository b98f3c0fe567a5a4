/**
 * A broken belief of ours is a mistake in the code: it must end the process, and must never be taken
 * for a failure of the world.
 *
 * Not `node:assert`: loading it takes longer than loading all of the wire. Its errors have the same
 * code, so whoever catches tells both kinds by one look (`isMistake`).
 */

const CODE = 'ERR_ASSERTION';

/** Throws where a belief does not hold; `belief` is what it should have been, or what it is instead. */
export function assert(holds: boolean, belief: string): asserts holds {
  if (!holds) throw Object.assign(new Error(belief), { code: CODE });
}

/** Whether what was thrown is a failed assertion, ours or one of `node:assert`. */
export function isMistake(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === CODE;
}
