/**
 * What a machine is to run, as a second memory file behind the one with its init: our bundle for its
 * processor, a configuration, its keys, and the loop that a service manager would be.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../lib/rack.ts';
import { CACHE } from './machines.ts';

export interface Payload {
  arch: 'arm64' | 'amd64';
  /** The folder with the bundle. */
  bundle: string;
  files: Record<string, string>;
  /** The program of the bundle and its arguments. */
  program: string[];
}

/** Started again when it did not end in good order, as a service with Restart=on-failure is. */
function runScript(program: string[]): string {
  const command = `node ${[...NODE_FLAGS, ...program].join(' ')}`;
  return [
    'while :; do',
    `  ${command} >/run/log 2>&1 &`,
    '  echo $! >/run/pid',
    '  wait $! && exit',
    '  sleep 1',
    'done',
    '',
  ].join('\n');
}

/** Writes the memory file that a machine boots with to `path`. */
export function writeInitrd(path: string, { arch, bundle, files, program }: Payload): void {
  const tree = `${path}.tree`;
  const payload = join(tree, 'payload');
  mkdirSync(payload, { recursive: true });
  cpSync(bundle, join(payload, 'bundle'), {
    recursive: true,
    filter: (source) => !source.endsWith('maps'),
  });
  for (const [name, text] of Object.entries({ ...files, run: runScript(program) })) {
    writeFileSync(join(payload, name), text, { mode: 0o600 });
  }
  const archive = spawnSync('sh', ['-c', 'find . -print0 | cpio -0o --quiet -H newc -R 0:0'], {
    cwd: tree,
    maxBuffer: 64 << 20,
  });
  if (archive.status !== 0) throw new Error(`cpio: ${archive.stderr}`);
  const base = readFileSync(join(CACHE, `initrd-${arch}`));
  // The kernel looks for the next archive at a multiple of four.
  const padding = Buffer.alloc((4 - (base.length % 4)) % 4);
  writeFileSync(path, Buffer.concat([base, padding, archive.stdout]));
  rmSync(tree, { recursive: true });
}
