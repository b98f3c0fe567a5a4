/** Writes whole files only: several builds may run at once, and a program may start while one does. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Puts `contents` at `path` in one step; an equal file is left alone. */
export function place(path, contents, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  if (sameAs(path, contents)) return;
  writeFileSync(fresh, contents);
  chmodSync(fresh, mode);
  renameSync(fresh, path);
}

function sameAs(path, contents) {
  try {
    return readFileSync(path).equals(Buffer.from(contents));
  } catch {
    return false;
  }
}
