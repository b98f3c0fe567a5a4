/**
 * A board has little memory and little to compute, and Node is tuned for the opposite: on a server
 * V8 lets its heap grow for speed and compiles again what runs often. With 100 hosts at a beat a
 * second that took 110 MiB, of which 11 were alive.
 *
 * So young objects get no more room than they start with, old ones are collected early, and only
 * the baseline compiler compiles: about 70 MiB at most. The price is a wire some four times slower
 * where it is pressed, which 400 frames a second never do; a board of many hosts gets the memory
 * and the optimizing compilers back.
 *
 * Node leaves open what a flag of V8 does that is set at run time. V8 looks at these whenever the
 * heap grows or a function is found hot, so they hold from now on and undo nothing; `make bench`
 * shows what they bring on the Node at hand.
 */
import { setFlagsFromString } from 'node:v8';

/** 400 beats a second at a keepalive of 1 s on two channels. */
const THRIFTY_HOSTS_MAX = 200;

const THRIFTY = [
  '--semi-space-growth-factor=1',
  '--optimize-for-size',
  '--no-opt',
  '--no-maglev',
] as const;
const LAVISH = [
  '--semi-space-growth-factor=2',
  '--no-optimize-for-size',
  '--opt',
  // Only where it is on by itself: Node 20 has the compiler and does not trust it.
  ...(Number.parseInt(process.versions.node, 10) >= 22 ? ['--maglev'] : []),
];

/** Comes before all work, when nobody knows yet how many hosts there are. */
export function saveMemory(): void {
  for (const flag of THRIFTY) setFlagsFromString(flag);
}

/** Takes memory for speed where there are many hosts. */
export function spendForHosts(hostCount: number): void {
  if (hostCount <= THRIFTY_HOSTS_MAX) return;
  for (const flag of LAVISH) setFlagsFromString(flag);
}
