/**
 * node-gyp wants Python and the headers of one Node from the network; this addon is one C file against
 * Node's stable C interface. So we call the C compiler ourselves: one command, one file that every Node
 * from 20 on loads. `CC` chooses another compiler, `make bundle ARCH=arm64` uses the same function.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import headers from 'node-api-headers';

const here = dirname(fileURLToPath(import.meta.url));
const addonPath = join(here, 'build', 'ioctl.node');
const sourcePath = join(here, 'ioctl.c');

/** Compiles the addon to `output`; on failure it says why, and what to do, in the Error's message. */
export function buildAddon(output = addonPath, compiler = process.env.CC ?? 'cc') {
  mkdirSync(dirname(output), { recursive: true });
  const run = spawnSync(
    compiler,
    [
      ...['-shared', '-fPIC', '-O2', '-s', '-std=c11', '-D_GNU_SOURCE', '-DNAPI_VERSION=8'],
      ...['-Wall', '-Wextra', '-Werror', '-I', headers.include_dir],
      ...['-o', output, sourcePath],
    ],
    { encoding: 'utf8' },
  );
  if (run.status === 0) return output;
  const why = run.error ? run.error.message : run.stderr.trim();
  throw new Error(
    `fencepost: the native addon could not be built with '${compiler}': ${why}\n` +
      'remedy: install a C compiler with its headers (Debian: apt-get install gcc libc6-dev),\n' +
      '        or name one with CC=, then run: npm rebuild',
  );
}

/** Gives the path of this machine's addon, compiled anew when its source has changed. */
export function ensureAddon() {
  const fresh = existsSync(addonPath) && statSync(addonPath).mtimeMs > statSync(sourcePath).mtimeMs;
  return fresh ? addonPath : buildAddon();
}

if (process.argv[1]?.endsWith('native/build.mjs')) {
  try {
    buildAddon();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
