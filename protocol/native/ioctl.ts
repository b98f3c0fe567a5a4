/**
 * The addon is one file that lies in another place in each life of the program: in `build/` beside this
 * source, or beside the bundle that this source became. Both are tried in that order of closeness; a
 * missing or unloadable addon is told with its remedy at the first call, not at import, so that
 * programs which never touch a device (`--help`, `check`) run without it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

type Ioctl = (fd: number, request: number, argument: Buffer | number) => number;

let loaded: Ioctl | undefined;

/**
 * Performs one ioctl and returns the kernel's answer (>= 0) or minus errno.
 *
 * A Buffer shorter than the size encoded in `request` throws a RangeError and never reaches the kernel.
 * The call is synchronous; a device that blocks in ioctl blocks the process.
 */
export function ioctl(fd: number, request: number, argument: Buffer | number): number {
  loaded ??= load();
  return loaded(fd, request, argument);
}

function load(): Ioctl {
  const here = import.meta.dirname;
  const places = [join(here, 'ioctl.node'), join(here, 'build', 'ioctl.node')];
  const path = places.find((place) => existsSync(place));
  if (path === undefined) {
    throw new Error(
      `the native addon is missing (looked for ${places.join(' and ')}); ` +
        'remedy: install a C compiler, then run `npm rebuild`',
    );
  }
  const holder: { exports: { ioctl?: Ioctl } } = { exports: {} };
  process.dlopen(holder, path);
  if (holder.exports.ioctl === undefined) {
    throw new Error(`${path} is not fencepost's addon; remedy: run \`npm rebuild\``);
  }
  return holder.exports.ioctl;
}
