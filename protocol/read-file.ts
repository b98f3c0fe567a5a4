/**
 * Reads a small file of ours whole, and nothing that is not one.
 *
 * A path given by mistake may be a folder, a pipe that nobody writes to, or a device that never
 * ends: reading it must neither wait for ever nor fill the memory. So its kind and size are looked
 * at first, on the open file and not on the name, which might by then lead elsewhere.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { attemptSync } from './attempt.ts';
import type { Problem } from './toml.ts';

export type ReadFile = { ok: true; text: string } | { ok: false; problems: Problem[] };

/** What is wrong with a file, and what to do about it. */
export type Refusal = [problem: string, remedy: string];

/** Configurations of thousands of hosts, and thousands of keys, are smaller. */
const FILE_BYTES_MAX = 1 << 22;

/** Everything that group and others may do. */
const OTHERS = 0o077;

const OTHER_PATH = 'Give the path of the right file.';

/** Reads the file at `path`; `look` may refuse it for what the open file is. */
export function readFile(
  path: string,
  look: (stats: Stats, path: string) => Refusal | undefined = () => undefined,
): ReadFile {
  const refuse = ([problem, remedy]: Refusal): ReadFile => ({
    ok: false,
    problems: [{ file: path, line: 1, path: '', problem, remedy }],
  });
  // Without O_NONBLOCK the opening of a named pipe would wait for ever.
  const opened = attemptSync(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (!opened.ok) return refuse(cannotOpen(opened.kind, path));
  const fd = opened.value;
  const read = attemptSync(() => {
    const stats = fstatSync(fd);
    return notPlain(stats) ?? look(stats, path) ?? readFileSync(fd, 'utf8');
  });
  attemptSync(() => closeSync(fd));
  if (!read.ok) return refuse([`the file cannot be read (${read.kind})`, 'Look at its disk.']);
  return typeof read.value === 'string' ? { ok: true, text: read.value } : refuse(read.value);
}

/** Why a file is not safe to take secrets from; undefined where it is ours, or root's, alone. */
export function notPrivate(stats: Stats, path: string): Refusal | undefined {
  if (stats.uid !== 0 && stats.uid !== ourUid()) {
    return ['the file belongs to another user', `Run: chown ${ourUid()} ${path}`];
  }
  if ((stats.mode & OTHERS) === 0) return undefined;
  const mode = (stats.mode & 0o777).toString(8).padStart(3, '0');
  return [`others may read or change it: its mode is ${mode}`, `Run: chmod 600 ${path}`];
}

/** The user that this process is; 0 only on systems that have no users. */
export function ourUid(): number {
  return process.geteuid?.() ?? 0;
}

function cannotOpen(kind: string, path: string): Refusal {
  if (kind === 'enoent')
    return ['there is no such file', 'Create it, or give the path of the right one.'];
  if (kind === 'eacces') {
    return ['this user may not read the file', `Run as its owner, or: chown ${ourUid()} ${path}`];
  }
  return [`the file cannot be opened (${kind})`, OTHER_PATH];
}

function notPlain(stats: Stats): Refusal | undefined {
  if (stats.isDirectory()) return ['this is a folder and not a file', OTHER_PATH];
  if (!stats.isFile()) return ['this is not a regular file', OTHER_PATH];
  if (stats.size <= FILE_BYTES_MAX) return undefined;
  return [`the file is larger than ${FILE_BYTES_MAX} bytes`, OTHER_PATH];
}
