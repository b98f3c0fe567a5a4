/**
 * A board has little memory and little to compute, and Node is tuned for the opposite: on a server
 * V8 lets its heap grow for speed and compiles twice what runs often. With 100 hosts at a beat a
 * second that took 110 MiB, of which 11 were alive.
 *
 * So young objects get no more room than they start with, old ones are collected early, and code is
 * compiled by the baseline compiler alone: 66 MiB at the same load of the processor, because 400
 * frames a second leave it idle anyway. Thousands of hosts are worth the memory, and there the
 * optimizing compilers are let in again.
 *
 * Node leaves open what a flag of V8 does that is set at run time. These are looked at anew whenever
 * the heap grows or a function is found hot, so they take effect from now on and undo nothing;
 * `make bench` shows what they bring on the Node at hand.
 */
import { setFlagsFromString } from 'node:v8';

/** Above it the wire may need a tenth of a core of a small board, and speed counts more. */
const THRIFTY_HOSTS_MAX = 200;

/** To be called before anything was computed, when nobody knows yet how many hosts there are. */
export function saveMemory(): void {
  for (const flag of ['--semi-space-growth-factor=1', '--optimize-for-size']) {
    setFlagsFromString(flag);
  }
  for (const flag of ['--no-opt', '--no-maglev']) setFlagsFromString(flag);
}

/** Buys speed for memory where a configuration has many hosts; lasts until the process ends. */
export function spendForHosts(hostCount: number): void {
  if (hostCount <= THRIFTY_HOSTS_MAX) return;
  for (const flag of ['--semi-space-growth-factor=2', '--no-optimize-for-size']) {
    setFlagsFromString(flag);
  }
  for (const flag of ['--opt', '--maglev']) setFlagsFromString(flag);
}
