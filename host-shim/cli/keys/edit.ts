/**
 * Changes to the text of a keys file, line by line: comments, blank lines and order stay as people
 * wrote them. Pure; each edit is read again before it is given back, so none can make a file that
 * board or shim would refuse, and none changes by accident which key its owner sends with.
 */
import { failure, ok, type Result } from '../../../protocol/result.ts';
import { type KeyEntry, parseKeys, type Role } from '../../../protocol/wire/keys.ts';
import type { BoardFailure } from '../board.ts';

/** Names one key of a file. */
export interface KeyName {
  role: Role;
  owner: string;
  kid: number;
}

type Edited = Result<string, BoardFailure>;

export function nameOfKey({ role, owner, kid }: KeyName): string {
  return `key ${kid} of ${role} ${owner}`;
}

export function keyLine({ role, owner, kid }: KeyName, base64: string): string {
  return `${role} ${owner} ${kid} ${base64}`;
}

/** The number of an owner's next key: one more than its largest. */
export function nextKid(keys: readonly KeyEntry[], role: Role, owner: string): number {
  return Math.max(0, ...ofOwner(keys, role, owner).map(({ kid }) => kid)) + 1;
}

/** Adds a key below the others of its owner; which one is sent with stays as it was. */
export function withKey(text: string, name: KeyName, base64: string): Edited {
  const { role, owner } = name;
  const before = sendingKid(text, role, owner);
  const added = insert(text, name, keyLine(name, base64));
  const sending = sendingKid(added, role, owner);
  // Without `auth` the lowest number is sent with, and the new one may be the lowest.
  if (before === undefined || sending === undefined || sending === before) return good(added);
  return good(insert(added, name, `auth ${role} ${owner} ${before}`));
}

/** Makes `name` the key that its owner sends with. */
export function withSending(text: string, name: KeyName): Edited {
  const { role, owner, kid } = name;
  const own = ofOwner(keysIn(text), role, owner);
  if (!own.some((key) => key.kid === kid)) return noSuchKey(name, own);
  if (sendingKid(text, role, owner) === kid) return ok(text);
  const isAuth = (line: string): boolean => isOf(line, name) && wordsOf(line)[0] === 'auth';
  const lines = text.split('\n');
  if (!lines.some(isAuth)) return good(insert(text, name, `auth ${role} ${owner} ${kid}`));
  const changed = lines.map((line) =>
    isAuth(line) ? line.replace(/^(\s*auth\s+\S+\s+\S+\s+)[^\s#]+/, `$1${kid}`) : line,
  );
  return good(changed.join('\n'));
}

/** Removes a key that its owner does not send with. */
export function withoutKey(text: string, name: KeyName): Edited {
  const { role, owner, kid } = name;
  const own = ofOwner(keysIn(text), role, owner);
  const entry = own.find((key) => key.kid === kid);
  if (entry === undefined) return noSuchKey(name, own);
  if (own.length === 1) {
    const detail = `${nameOfKey(name)} is its only one; add another first, and switch to it`;
    return failure('refused', detail);
  }
  if (entry.sending) {
    const others = own.filter((key) => key !== entry).map((key) => key.kid);
    const detail = `${nameOfKey(name)} is the one to send with; switch to ${others.join(' or ')} first`;
    return failure('refused', detail);
  }
  const lines = text.split('\n').filter((line) => {
    const words = wordsOf(line);
    return !(isOf(line, name) && words[0] === role && Number(words[2]) === kid);
  });
  return good(lines.join('\n'));
}

function good(text: string): Edited {
  const parsed = parseKeys(text);
  if (parsed.ok) return ok(text);
  return failure('refused', parsed.errors.map(({ problem }) => problem).join(' '));
}

function noSuchKey(name: KeyName, own: readonly KeyEntry[]): Edited {
  const has = own.map(({ kid }) => kid).join(', ') || 'none';
  return failure('wrong-use', `there is no ${nameOfKey(name)}; its keys here: ${has}`);
}

function keysIn(text: string): readonly KeyEntry[] {
  const parsed = parseKeys(text);
  return parsed.ok ? parsed.keys : [];
}

function ofOwner(keys: readonly KeyEntry[], role: Role, owner: string): KeyEntry[] {
  return keys.filter((key) => key.role === role && key.owner === owner);
}

function sendingKid(text: string, role: Role, owner: string): number | undefined {
  return ofOwner(keysIn(text), role, owner).find(({ sending }) => sending)?.kid;
}

/** Below the last line about the same owner, or at the end. */
function insert(text: string, name: KeyName, line: string): string {
  const lines = text.split('\n');
  const last = lines.findLastIndex((one) => isOf(one, name));
  const isEnded = lines.at(-1) === '';
  const at = last >= 0 ? last + 1 : lines.length - (isEnded ? 1 : 0);
  const all = lines.toSpliced(at, 0, line);
  return all.at(-1) === '' ? all.join('\n') : `${all.join('\n')}\n`;
}

/** The words before a comment. */
function wordsOf(line: string): string[] {
  return (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
}

function isOf(line: string, { role, owner }: KeyName): boolean {
  const words = wordsOf(line);
  const [first, second] = words[0] === 'auth' ? words.slice(1) : words;
  return first === role && second === owner;
}
