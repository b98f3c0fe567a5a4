/**
 * The keys file, and the ring of keys made from it.
 *
 * One line is one key: `host|order|admin OWNER KID BASE64`. OWNER is the name used in the
 * configuration, KID tells an owner's keys apart while they are being changed, and
 * `auth host|order|admin OWNER KID` says which of them is sent with; without it that is the one of
 * the lowest KID. `#` starts a comment. A mistake here would show weeks later as a host that
 * cannot be guarded, so all of them are reported at once, by line, and never with a byte of a key.
 *
 * No key is used as it stands: the ring derives a root for handshakes, one for sessions and one
 * for orders, so a MAC made for one purpose can never serve another.
 */
import { encodeInfo } from './cbor.ts';
import type { Crypto, Key } from './crypto.ts';
import type { Instant } from './instant.ts';
import { isName } from './topics.ts';

export type Role = 'host' | 'order' | 'admin';

/** One line of the file. `secret` is a function so that nothing that prints an entry shows it. */
export interface KeyEntry {
  role: Role;
  owner: string;
  kid: number;
  /** True for the key that `owner` sends with. */
  sending: boolean;
  /** A fresh copy of the 32 bytes. */
  secret: () => Uint8Array;
}

export interface KeyProblem {
  /** From 1. */
  line: number;
  problem: string;
  /** What to do, in the imperative. */
  remedy: string;
}

export type ParsedKeys = { ok: true; keys: KeyEntry[] } | { ok: false; errors: KeyProblem[] };

/** One key as sessions use it: never the key itself, only what is derived from it, and lazily. */
export interface RingKey {
  role: Role;
  owner: string;
  kid: number;
  /** MACs beacons and handshakes. */
  handshake: () => Key;
  /** Root of session keys. */
  session: () => Key;
  /** MACs queries, orders and their answers. */
  order: () => Key;
  /** Whether it was made from these bytes. */
  isOf: (secret: Uint8Array) => boolean;
  /** When something fresh last came under it; whoever wants to retire it must know. */
  usedAt?: Instant;
}

/** One ring is shared by all that use keys, so that a changed file reaches all of them at once. */
export interface KeyRing {
  find(role: Role, owner: string, kid: number): RingKey | undefined;
  /** The key that `owner` sends with; undefined where it has none. */
  sending(role: Role, owner: string): RingKey | undefined;
  /** All keys of one owner and role, lowest kid first. */
  of(role: Role, owner: string): readonly RingKey[];
  all(): readonly RingKey[];
  /**
   * Holds these keys from now on, and no others. A key that stays is the same object as before;
   * one whose bytes changed under its number is another.
   */
  take(keys: readonly KeyEntry[]): { added: RingKey[]; gone: RingKey[] };
}

/**
 * Keys of one owner: the old, the new, and room for an interrupted change. The board calls a host
 * under each of them, every T, on a line that carries a thousand bytes a second.
 */
export const KEYS_PER_OWNER_MAX = 4;

/** Labels of the derivations; fixed, since both ends must agree. */
export const ROOT_LABEL = {
  handshake: 'fencepost handshake',
  session: 'fencepost session root',
  order: 'fencepost order',
} as const;

const KEY_BYTES = 32;
const BASE64_OF_KEY = /^[A-Za-z0-9+/]{43}=$/;
const KID = /^(0|[1-9][0-9]{0,4})$/;
const MAKE_ONE = 'Make a key with: head -c 32 /dev/urandom | base64';

interface Named {
  role: Role;
  owner: string;
  kid: number;
  line: number;
}

interface Reading {
  entries: (Named & { secret: () => Uint8Array })[];
  auths: Named[];
  errors: KeyProblem[];
}

/** Reads the text of a keys file; an empty file is a ring without keys. */
export function parseKeys(text: string): ParsedKeys {
  const reading: Reading = { entries: [], auths: [], errors: [] };
  text.split('\n').forEach((raw, index) => {
    const words = (raw.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (words[0] !== '') readLine(words, index + 1, reading);
  });
  checkTogether(reading);
  if (reading.errors.length > 0) {
    return { ok: false, errors: reading.errors.toSorted((a, b) => a.line - b.line) };
  }
  const kids = sendingKids(reading);
  const keys = reading.entries.map(({ role, owner, kid, secret }) => {
    const sending = kids.get(`${role} ${owner}`) === kid;
    return { role, owner, kid, sending, secret };
  });
  return { ok: true, keys };
}

function readLine(words: string[], line: number, reading: Reading): void {
  const complain = (problem: string, remedy: string): void => {
    reading.errors.push({ line, problem, remedy });
  };
  const isAuth = words[0] === 'auth';
  const [role, owner, kid, ...rest] = isAuth ? words.slice(1) : words;
  const form = isAuth ? 'auth host|order|admin OWNER KID' : 'host|order|admin OWNER KID BASE64';
  if (role !== 'host' && role !== 'order' && role !== 'admin') {
    complain('The line does not start with host, order, admin or auth.', `Write: ${form}`);
    return;
  }
  if (owner === undefined || kid === undefined || rest.length !== (isAuth ? 0 : 1)) {
    complain('The line has too few or too many words.', `Write: ${form}`);
    return;
  }
  const before = reading.errors.length;
  if (!isName(owner)) {
    complain(
      'The owner is not a name.',
      'Use 1 to 63 letters, digits, dots, dashes or underscores, as in the configuration.',
    );
  }
  if (!KID.test(kid) || Number(kid) > 0xffff) {
    complain('The key number is not a whole number from 0 to 65535.', 'Number the keys 1, 2, 3.');
  }
  const named: Named = { role, owner, kid: Number(kid), line };
  if (isAuth) {
    if (reading.errors.length === before) reading.auths.push(named);
    return;
  }
  const secret = decodeSecret(rest[0] ?? '');
  if (secret === undefined) {
    complain(`The key is not base64 of exactly ${KEY_BYTES} bytes.`, MAKE_ONE);
  } else if (reading.errors.length === before) {
    reading.entries.push({ ...named, secret: () => secret.slice() });
  }
}

/** What no line shows by itself: duplicates, one name in two roles, auth without its key. */
function checkTogether({ entries, auths, errors }: Reading): void {
  const complain = (line: number, problem: string, remedy: string): void => {
    errors.push({ line, problem, remedy });
  };
  const lineOf = new Map<string, number>();
  const firstOf = new Map<string, Named>();
  const counts = new Map<string, number>();
  for (const { role, owner, kid, line, secret } of entries) {
    const count = (counts.get(`${role} ${owner}`) ?? 0) + 1;
    counts.set(`${role} ${owner}`, count);
    if (count === KEYS_PER_OWNER_MAX + 1) {
      const problem = `${role} ${owner} has more than ${KEYS_PER_OWNER_MAX} keys.`;
      complain(line, problem, 'Remove those that nothing uses any more.');
    }
    const twin = claim(lineOf, `${role} ${owner} ${kid}`, line);
    // Only in this function's memory, and never in what it says.
    const copy = claim(lineOf, secret().join(), line);
    if (twin !== undefined) {
      complain(
        line,
        `${role} ${owner} has key ${kid} on line ${twin} already.`,
        'Give each key of an owner its own number, or remove one of the two lines.',
      );
    } else if (copy !== undefined) {
      const problem = `The key is the same as the one on line ${copy}.`;
      complain(line, problem, `Give every owner and number its own key. ${MAKE_ONE}`);
    }
    if (role === 'host') continue;
    const rival = firstOf.get(owner) ?? { role, owner, kid, line };
    firstOf.set(owner, rival);
    if (rival.role === role) continue;
    complain(
      line,
      `${owner} is ${rival.role} on line ${rival.line} and ${role} here.`,
      'Use one role per orderer: order for a cluster, admin for a person.',
    );
  }
  for (const { role, owner, kid, line } of auths) {
    if (!lineOf.has(`${role} ${owner} ${kid}`)) {
      const problem = `${role} ${owner} has no key ${kid} in this file.`;
      complain(line, problem, 'Add the key, or name the number of one that is here.');
    }
    const earlier = claim(lineOf, `auth ${role} ${owner}`, line);
    if (earlier === undefined) continue;
    const problem = `The sending key of ${role} ${owner} is set on line ${earlier}.`;
    complain(line, problem, 'Remove one of the two lines.');
  }
}

/** The line that had `what` before; it is this one's from now on where none had. */
function claim(lineOf: Map<string, number>, what: string, line: number): number | undefined {
  const earlier = lineOf.get(what);
  if (earlier === undefined) lineOf.set(what, line);
  return earlier;
}

/** The kid that each owner sends with, by `role owner`: as `auth` says, or the lowest. */
function sendingKids({ entries, auths }: Reading): Map<string, number> {
  const kids = new Map<string, number>();
  for (const { role, owner, kid } of entries) {
    const name = `${role} ${owner}`;
    kids.set(name, Math.min(kid, kids.get(name) ?? kid));
  }
  for (const { role, owner, kid } of auths) kids.set(`${role} ${owner}`, kid);
  return kids;
}

/** Undefined unless `text` is the one way to write 32 bytes, so no two texts are one key. */
function decodeSecret(text: string): Uint8Array | undefined {
  if (!BASE64_OF_KEY.test(text)) return undefined;
  const binary = atob(text);
  if (btoa(binary) !== text) return undefined;
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** Makes a ring. A key's secret is read when it is first used, and to compare it with another. */
export function keyRing(crypto: Crypto, keys: readonly KeyEntry[]): KeyRing {
  let owners = new Map<string, { keys: RingKey[]; sending: RingKey | undefined }>();
  const of = (role: Role, owner: string): readonly RingKey[] =>
    owners.get(`${role} ${owner}`)?.keys ?? [];
  const find = (role: Role, owner: string, kid: number): RingKey | undefined =>
    of(role, owner).find((key) => key.kid === kid);
  const all = (): RingKey[] => [...owners.values()].flatMap((own) => own.keys);
  const take = (next: readonly KeyEntry[]): { added: RingKey[]; gone: RingKey[] } => {
    const before = all();
    const held: typeof owners = new Map();
    for (const entry of next.toSorted((a, b) => a.kid - b.kid)) {
      const known = find(entry.role, entry.owner, entry.kid);
      const key = known?.isOf(entry.secret()) ? known : ringKey(crypto, entry);
      const name = `${entry.role} ${entry.owner}`;
      const own = held.get(name) ?? { keys: [], sending: undefined };
      own.keys.push(key);
      if (entry.sending) own.sending = key;
      held.set(name, own);
    }
    owners = held;
    const now = new Set(all());
    const was = new Set(before);
    return {
      added: [...now].filter((key) => !was.has(key)),
      gone: before.filter((key) => !now.has(key)),
    };
  };
  take(keys);
  return {
    of,
    find,
    all,
    take,
    sending: (role, owner) => owners.get(`${role} ${owner}`)?.sending,
  };
}

function ringKey(crypto: Crypto, entry: KeyEntry): RingKey {
  const derived = new Map<string, Key>();
  const root = (label: string) => (): Key => {
    const known = derived.get(label);
    if (known !== undefined) return known;
    const bytes = entry.secret();
    const key = crypto.derive(crypto.key(bytes), encodeInfo([label]));
    bytes.fill(0);
    derived.set(label, key);
    return key;
  };
  return {
    role: entry.role,
    owner: entry.owner,
    kid: entry.kid,
    handshake: root(ROOT_LABEL.handshake),
    session: root(ROOT_LABEL.session),
    order: root(ROOT_LABEL.order),
    isOf: (secret) => entry.secret().every((byte, at) => byte === secret[at]),
  };
}
