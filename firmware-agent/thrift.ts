/** What `saveMemory` took from the board, given back where there is much to compute. */
import { setFlagsFromString } from 'node:v8';

/** 400 beats a second at a keepalive of 1 s on two channels. */
const THRIFTY_HOSTS_MAX = 200;

const LAVISH = [
  '--semi-space-growth-factor=2',
  '--no-optimize-for-size',
  '--opt',
  // Only where it is on by itself: Node 20 has the compiler and does not trust it.
  ...(Number.parseInt(process.versions.node, 10) >= 22 ? ['--maglev'] : []),
];

/** Takes memory for speed where there are many hosts. */
export function spendForHosts(hostCount: number): void {
  if (hostCount <= THRIFTY_HOSTS_MAX) return;
  for (const flag of LAVISH) setFlagsFromString(flag);
}
