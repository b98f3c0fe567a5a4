/**
 * A board has little memory and little to compute, a shim should take little of a server, and Node is
 * tuned for the opposite: V8 lets its heap grow for speed and compiles again what runs often, for days. An
 * agent with 100 hosts at a beat a second took 110 MiB, of which 11 were alive; a shim grew by a few
 * MiB a day, all of it compiled code.
 *
 * So young objects get no more room than they start with, old ones are collected early, and only
 * the baseline compiler compiles. The price is a wire some four times slower where it is pressed, which
 * 400 frames a second never do.
 *
 * Node leaves open what a flag of V8 does that is set at run time. V8 looks at these whenever the
 * heap grows or a function is found hot, so they hold from now on and undo nothing; `make bench`
 * shows what they bring on the Node at hand.
 */
import { setFlagsFromString } from 'node:v8';

const THRIFTY = [
  '--semi-space-growth-factor=1',
  '--optimize-for-size',
  '--no-opt',
  '--no-maglev',
] as const;

/** Comes before all work. */
export function saveMemory(): void {
  for (const flag of THRIFTY) setFlagsFromString(flag);
}
