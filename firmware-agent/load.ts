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

type Owner = { role: 'host' | 'order' | 'admin'; name: string };

/** Who has no key of his role. Whether a key is a node's or a person's is said in both files. */
function keyless(config: AgentConfig, ring: KeyRing): Problem[] {
  const { hosts, orderers } = config.board;
  const owners: Owner[] = [
    ...hosts.map(({ name }) => ({ role: 'host' as const, name })),
    ...orderers.map(({ name, boundTo }) => ({
      role: boundTo === undefined ? ('admin' as const) : ('order' as const),
      name,
    })),
  ];
  return owners
    .filter(({ role, name }) => ring.sending(role, name) === undefined)
    .map((owner) => {
      const other = owner.role === 'admin' ? 'order' : 'admin';
      const isOther = owner.role !== 'host' && ring.sending(other, owner.name) !== undefined;
      const found = isOther ? inOtherRole(owner) : missing(owner);
      return { file: config.keysPath, line: 1, path: '', ...found };
    });
}

function missing({ role, name }: Owner): Pick<Problem, 'problem' | 'remedy'> {
  return {
    problem: `the file has no key of ${name}`,
    remedy: `Add a line "${role} ${name} 1 BASE64" (openssl rand -base64 32), the same on both sides.`,
  };
}

function inOtherRole({ role, name }: Owner): Pick<Problem, 'problem' | 'remedy'> {
  const isPerson = role === 'admin';
  const [here, there] = isPerson ? ['a cluster node', 'a person'] : ['a person', 'a cluster node'];
  return {
    problem: `${name} is ${here} here and ${there} in the configuration`,
    remedy:
      `If it is a person, write "admin" here and operator = true in [orderers.${name}]; ` +
      'if it is a node, "order" here and host = "NAME" there.',
  };
}
