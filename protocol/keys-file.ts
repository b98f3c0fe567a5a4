/**
 * Reads the keys file from disk, and refuses one that others could have read or written.
 *
 * A key that somebody else knows lets him forge beats or give orders, and nobody would notice. So
 * the file must belong to us or to root and be closed to everyone else; the check is made on the
 * open file, not on its name, which might by then lead elsewhere. No message repeats its content.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { attemptSync } from './attempt.ts';
import type { Problem } from './toml.ts';
import { type KeyEntry, parseKeys } from './wire/keys.ts';

export type ReadKeys = { ok: true; keys: KeyEntry[] } | { ok: false; problems: Problem[] };

/** Thousands of keys; a device file named by mistake must not fill the memory. */
const FILE_BYTES_MAX = 1 << 20;
/** Everything that group and others may do. */
const OTHERS = 0o077;

/** Reads and checks the keys file at `path`; every problem of its lines comes at once. */
export function readKeysFile(path: string): ReadKeys {
  const refuse = (problem: string, remedy: string): ReadKeys => ({
    ok: false,
    problems: [{ file: path, line: 1, path: '', problem, remedy }],
  });
  // Without O_NONBLOCK the opening of a named pipe would wait for ever.
  const opened = attemptSync(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (!opened.ok) return refuse(...cannotOpen(opened.kind, path));
  const fd = opened.value;
  const read = attemptSync(() => {
    const stats = fstatSync(fd);
    const wrong = notPrivate(stats, path);
    return wrong ?? readFileSync(fd, 'utf8');
  });
  attemptSync(() => closeSync(fd));
  if (!read.ok) return refuse(`the keys file cannot be read: ${read.kind}`, 'Check the disk.');
  if (typeof read.value !== 'string') return refuse(...read.value);
  const parsed = parseKeys(read.value);
  if (parsed.ok) return parsed;
  return {
    ok: false,
    problems: parsed.errors.map((error) => ({ file: path, path: '', ...error })),
  };
}

function cannotOpen(kind: string, path: string): [problem: string, remedy: string] {
  if (kind === 'enoent') {
    return ['there is no keys file', 'Create it, with mode 600, or correct the path of the keys.'];
  }
  if (kind === 'eacces') {
    return ['we may not read the keys file', `Run: chown ${ourUid()} ${path}`];
  }
  return [`the keys file cannot be opened: ${kind}`, 'Correct the path of the keys.'];
}

/** Why a file is not safe to take keys from; undefined where it is. */
function notPrivate(stats: Stats, path: string): [problem: string, remedy: string] | undefined {
  if (!stats.isFile()) return ['this is not a regular file', 'Correct the path of the keys.'];
  if (stats.size > FILE_BYTES_MAX) {
    return [`the file is larger than ${FILE_BYTES_MAX} bytes`, 'Correct the path of the keys.'];
  }
  if (stats.uid !== 0 && stats.uid !== ourUid()) {
    return ['the keys file belongs to another user', `Run: chown ${ourUid()} ${path}`];
  }
  if ((stats.mode & OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(3, '0');
    return [
      `others may read or change the keys file: its mode is ${mode}`,
      `Run: chmod 600 ${path}`,
    ];
  }
  return undefined;
}

/** Undefined only on systems that have no users. */
function ourUid(): number {
  return process.geteuid?.() ?? 0;
}
