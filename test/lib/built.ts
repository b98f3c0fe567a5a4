/** Where the bundle of another program lies: all bundles made for tests lie in one folder (build.mjs). */
import { join } from 'node:path';

/** Gives the path of the bundle made from `source`, such as `test/lib/bench/main.ts`. */
export function built(source: string): string {
  return join(import.meta.dirname, `${source.replace(/\.ts$/, '').replaceAll('/', '-')}.cjs`);
}
