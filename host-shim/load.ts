/**
 * Everything the shim reads before it says a word: its configuration and its key.
 *
 * All that is wrong comes at once, so nobody has to start it five times to find five mistakes.
 */
import { problemAt } from '../protocol/found-later.ts';
import { readKeysFile } from '../protocol/keys-file.ts';
import { readFile } from '../protocol/read-file.ts';
import type { Problem } from '../protocol/toml.ts';
import type { Crypto } from '../protocol/wire/crypto.ts';
import { type KeyEntry, type KeyRing, keyRing } from '../protocol/wire/keys.ts';
import { parseShimConfig, type ShimConfig } from './config/shim-config.ts';
import { HIBERNATION_REMEDY } from './drivers/hibernation.ts';

export type Loaded =
  | {
      ok: true;
      config: ShimConfig;
      ring: KeyRing;
      /** What the ring was made from, for a ring that runs already. */
      keys: readonly KeyEntry[];
      warnings: Problem[];
    }
  | { ok: false; problems: Problem[] };

/** Reads shim.toml at `path` and the keys file that it names. */
export function loadShim(path: string, crypto: Crypto): Loaded {
  const file = readFile(path);
  if (!file.ok) return file;
  const parsed = parseShimConfig(file.text, path);
  if (!parsed.ok) return parsed;
  const { config, warnings } = parsed;
  const keys = readKeysFile(config.keysPath);
  if (!keys.ok) return keys;
  const ring = keyRing(crypto, keys.keys);
  if (ring.sending('host', config.host.name) !== undefined) {
    return { ok: true, config, ring, keys: keys.keys, warnings };
  }
  const problem = `the file has no key of the host ${config.host.name}`;
  const remedy = `Add the line "host ${config.host.name} 1 BASE64" that the board has, too.`;
  return { ok: false, problems: [{ file: config.keysPath, line: 1, path: '', problem, remedy }] };
}

/**
 * Holds what was read against the machine: a life that could sleep on disk does not end with its
 * power. Who relies on this machine to end itself is refused; who is cut by the board is warned.
 */
export function heldAgainst(
  { canHibernate }: { canHibernate: () => boolean },
  path: string,
  loaded: Loaded,
): Loaded {
  if (!loaded.ok || !canHibernate()) return loaded;
  const { watchdog, selfFenceMs } = loaded.config;
  const isArmed = watchdog !== undefined || selfFenceMs !== undefined;
  const place = selfFenceMs === undefined ? 'watchdog' : 'self_fence';
  const problem = problemAt(path, isArmed ? [place] : ['host'], {
    problem: 'this machine can hibernate, and go on later as if it had never been fenced',
    remedy: HIBERNATION_REMEDY,
  });
  if (isArmed) return { ok: false, problems: [problem] };
  return { ...loaded, warnings: [...loaded.warnings, problem] };
}
