/** Everything the agent reads before it begins: its configuration and the keys, or all problems. */
import { readKeysFile } from '../protocol/keys-file.ts';
import { readFile } from '../protocol/read-file.ts';
import type { Problem } from '../protocol/toml.ts';
import type { Crypto } from '../protocol/wire/crypto.ts';
import { type KeyEntry, type KeyRing, keyRing } from '../protocol/wire/keys.ts';
import type { AgentConfig } from './config/config.ts';
import { parseAgentConfig } from './config/parse.ts';

export type LoadedAgent =
  | {
      ok: true;
      config: AgentConfig;
      crypto: Crypto;
      ring: KeyRing;
      /** What the ring was made from, for a ring that runs already. */
      keys: readonly KeyEntry[];
      warnings: Problem[];
    }
  | { ok: false; problems: Problem[] };

/** Reads agent.toml at `path` and the keys file that it names. */
export function loadAgent(path: string, crypto: Crypto): LoadedAgent {
  const file = readFile(path);
  if (!file.ok) return file;
  const parsed = parseAgentConfig(file.text, path);
  if (!parsed.ok) return parsed;
  const { config, warnings } = parsed;
  const keys = readKeysFile(config.keysPath);
  if (!keys.ok) return keys;
  const ring = keyRing(crypto, keys.keys);
  const missing = keyless(config, ring);
  return missing.length > 0
    ? { ok: false, problems: missing }
    : { ok: true, config, crypto, ring, keys: keys.keys, warnings };
}

function keyless(config: AgentConfig, ring: KeyRing): Problem[] {
  const hosts = config.board.hosts
    .filter(({ name }) => ring.sending('host', name) === undefined)
    .map(({ name }) => ({ role: 'host', name }));
  const orderers = config.board.orderers
    .filter(({ name }) => !ring.sending('order', name) && !ring.sending('admin', name))
    .map(({ name, boundTo }) => ({ role: boundTo === undefined ? 'admin' : 'order', name }));
  return [...hosts, ...orderers].map(({ role, name }) => ({
    file: config.keysPath,
    line: 1,
    path: '',
    problem: `the file has no key of ${name}`,
    remedy: `Add a line "${role} ${name} 1 BASE64" (openssl rand -base64 32), the same on both sides.`,
  }));
}
