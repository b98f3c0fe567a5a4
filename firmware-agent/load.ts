/** Everything the agent reads before it begins: its configuration and the keys, or all problems. */
import { readFileSync } from 'node:fs';
import { attemptSync } from '../protocol/attempt.ts';
import { readKeysFile } from '../protocol/keys-file.ts';
import type { Parsed, Problem } from '../protocol/toml.ts';
import type { Crypto } from '../protocol/wire/crypto.ts';
import { type KeyRing, keyRing } from '../protocol/wire/keys.ts';
import type { AgentConfig } from './config/config.ts';
import { parseAgentConfig } from './config/parse.ts';

export type LoadedAgent =
  | { ok: true; config: AgentConfig; crypto: Crypto; ring: KeyRing; warnings: Problem[] }
  | { ok: false; problems: Problem[] };

/** Reads and checks agent.toml alone. */
export function readConfig(path: string): Parsed<AgentConfig> {
  const text = attemptSync(() => readFileSync(path, 'utf8'));
  if (text.ok) return parseAgentConfig(text.value, path);
  const problem = `the configuration cannot be read: ${text.kind}`;
  const remedy = 'Name the right file, and look at its owner and mode.';
  return { ok: false, problems: [{ file: path, line: 1, path: '', problem, remedy }] };
}

/** Reads agent.toml at `path` and the keys file that it names. */
export function loadAgent(path: string, crypto: Crypto): LoadedAgent {
  const parsed = readConfig(path);
  if (!parsed.ok) return parsed;
  const { config, warnings } = parsed;
  const keys = readKeysFile(config.keysPath);
  if (!keys.ok) return keys;
  const ring = keyRing(crypto, keys.keys);
  const missing = keyless(config, ring);
  return missing.length > 0
    ? { ok: false, problems: missing }
    : { ok: true, config, crypto, ring, warnings };
}

function keyless(config: AgentConfig, ring: KeyRing): Problem[] {
  const hosts = config.board.hosts
    .filter(({ name }) => ring.sending('host', name) === undefined)
    .map(({ name }) => ({ role: 'host', name }));
  const orderers = config.board.orderers
    .filter(({ name }) => !ring.sending('order', name) && !ring.sending('admin', name))
    .map(({ name }) => ({ role: 'order', name }));
  return [...hosts, ...orderers].map(({ role, name }) => ({
    file: config.keysPath,
    line: 1,
    path: '',
    problem: `the file has no key of ${name}`,
    remedy: `Add a line "${role} ${name} KID BASE64", the same on both sides.`,
  }));
}
