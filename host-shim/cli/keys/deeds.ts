/**
 * What `fencepost keys` does: one function for each of its words.
 *
 * Key bytes leave the process in two ways only: into the keys file, and by `show` to an output that
 * is no terminal. They come in by standard input, never by the command line, which every user of
 * the machine can list.
 */
import { randomBytes } from 'node:crypto';
import Table from 'cli-table3';
import { failure, ok, type Result } from '../../../protocol/result.ts';
import { type KeyEntry, parseKeys, type Role } from '../../../protocol/wire/keys.ts';
import type { KeysView } from '../../../protocol/wire/view.ts';
import type { BoardFailure } from '../board.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLine, span } from '../words.ts';
import {
  type KeyName,
  keyLine,
  nameOfKey,
  nextKid,
  withKey,
  withoutKey,
  withSending,
} from './edit.ts';
import { readStore, writeStore } from './store.ts';
import { adviceFor, inAgent, releaseOf } from './use.ts';

export interface KeysCase {
  terminal: Terminal;
  /** The keys file. */
  file: string;
  json: boolean;
  /** Asks the agent of this machine; a failure where none answers. */
  ask: () => Promise<Result<KeysView, BoardFailure>>;
}

type Done = Result<unknown, BoardFailure>;

const KEY_BYTES = 32;

export interface OwnerName {
  role: Role;
  owner: string;
}

/** Makes a file with a key 1 for each owner; it must not exist. */
export function makeFile(at: KeysCase, owners: readonly OwnerName[]): Done {
  const lines = owners.map((owner) => keyLine({ ...owner, kid: 1 }, freshKey()));
  const text = ['# Keys of fencepost. Change them with: fencepost keys --help', ...lines, ''].join(
    '\n',
  );
  const parsed = parseKeys(text);
  if (!parsed.ok) return failure('wrong-use', parsed.errors.map((e) => e.problem).join(' '));
  const written = writeStore(at.file, text, undefined);
  if (!written.ok) return written;
  return told(
    at,
    { added: parsed.keys.map(plain) },
    `${at.file} is made, with ${lines.length} keys.`,
  );
}

/** Makes a file of the keys that come in by standard input; it must not exist. */
export async function makeFileOf(at: KeysCase): Promise<Done> {
  const given = await linesGiven(at);
  if (!given.ok) return given;
  return addAll(at, '', undefined, given.value);
}

/** Adds a fresh key, which is not sent with before `switch`. */
export function addKey(at: KeysCase, owner: OwnerName, kid: number | undefined): Done {
  const store = readStore(at.file);
  if (!store.ok) return store;
  const { text, keys } = store.value;
  const name = { ...owner, kid: kid ?? nextKid(keys, owner.role, owner.owner) };
  const edited = withKey(text, name, freshKey());
  if (!edited.ok) return edited;
  const written = writeStore(at.file, edited.value, text);
  if (!written.ok) return written;
  const words = `${name.role} ${name.owner} ${name.kid}`;
  return told(
    at,
    { added: [name] },
    `${at.file} has ${nameOfKey(name)} now. Carry it to the other end:\n` +
      `  fencepost keys show ${words} | ssh OTHER sudo fencepost keys add --stdin`,
  );
}

/** Adds the keys that come in by standard input; one that is there already is left. */
export async function addGiven(at: KeysCase): Promise<Done> {
  const store = readStore(at.file);
  if (!store.ok) return store;
  const given = await linesGiven(at);
  if (!given.ok) return given;
  return addAll(at, store.value.text, store.value, given.value);
}

function addAll(
  at: KeysCase,
  from: string,
  was: { text: string; keys: readonly KeyEntry[] } | undefined,
  given: readonly KeyEntry[],
): Done {
  const isThere = (key: KeyEntry): boolean =>
    was?.keys.some((old) => isSameName(old, key) && sameSecret(old, key)) === true;
  const fresh = given.filter((key) => !isThere(key));
  let text = from;
  for (const key of fresh) {
    const edited = withKey(text, key, base64Of(key));
    if (!edited.ok) return edited;
    text = edited.value;
  }
  const written = fresh.length === 0 ? ok(undefined) : writeStore(at.file, text, was?.text);
  if (!written.ok) return written;
  const names = fresh.map(nameOfKey).join(', ') || 'nothing new; all of it was there';
  return told(at, { added: fresh.map(plain) }, `${at.file} took ${names}.`);
}

export function switchKey(at: KeysCase, name: KeyName): Done {
  const done = change(at, (text) => withSending(text, name));
  if (!done.ok) return done;
  return told(at, { sending: name }, `${at.file} says to send with ${nameOfKey(name)}.`);
}

/** Removes a key; one that is in use, or of which nobody knows, only with `yes`. */
export async function retireKey(at: KeysCase, name: KeyName, yes: boolean): Promise<Done> {
  const store = readStore(at.file);
  if (!store.ok) return store;
  const edited = withoutKey(store.value.text, name);
  if (!edited.ok) return edited;
  const view = await at.ask();
  const { free, why } = releaseOf(view.ok ? view.value : undefined, name);
  if (!free && !yes) {
    const detail = `${nameOfKey(name)} stays: ${why}. If you know better, say --yes`;
    return failure('refused', detail);
  }
  const written = writeStore(at.file, edited.value, store.value.text);
  if (!written.ok) return written;
  return told(at, { retired: name }, `${at.file} has no ${nameOfKey(name)} any more (${why}).`);
}

/** Writes one line of the file, key and all, to an output that nobody looks at. */
export function showKey(at: KeysCase, name: KeyName, force: boolean): Done {
  const store = readStore(at.file);
  if (!store.ok) return store;
  const key = store.value.keys.find((one) => isSameName(one, name));
  if (key === undefined) return failure('wrong-use', `${at.file} has no ${nameOfKey(name)}`);
  if (at.terminal.outIsTerminal && !force) {
    const detail = 'a key does not belong on a screen; send it through a pipe, or say --force';
    return failure('refused', detail);
  }
  const line = keyLine(name, base64Of(key));
  at.terminal.out(at.json ? jsonLine({ line }) : `${line}\n`);
  return ok(undefined);
}

/** Says what the file holds, what the agent knows of it, and what follows. */
export async function checkFile(at: KeysCase): Promise<Done> {
  const store = readStore(at.file);
  if (!store.ok) return store;
  const { keys } = store.value;
  const asked = await at.ask();
  const view = asked.ok ? asked.value : undefined;
  const advice = adviceFor(keys, view);
  const rows = keys.map((key) => {
    const known = view && inAgent(view, key);
    const unusedMs = known?.unusedMs ?? null;
    return {
      ...plain(key),
      sending: key.sending,
      inAgent: view ? known !== undefined : null,
      unusedMs,
    };
  });
  if (at.json) {
    at.terminal.out(
      jsonLine({ file: at.file, watchedMs: view?.watchedMs ?? null, keys: rows, advice }),
    );
    return ok(undefined);
  }
  const table = new Table({ head: ['role', 'owner', 'kid', 'sending', 'last used'], ...PLAIN });
  for (const row of rows) {
    const used = row.unusedMs === null ? NEVER[String(row.inAgent)] : `${span(row.unusedMs)} ago`;
    table.push([row.role, row.owner, row.kid, row.sending ? 'yes' : '', used ?? '']);
  }
  at.terminal.out(`${table}\n${advice.map((sentence) => `${sentence}\n`).join('')}`);
  const since =
    view === undefined ? 'No agent answers here' : `The agent began ${span(view.watchedMs)} ago`;
  at.terminal.out(`${since}; of uses before that nothing is known.\n`);
  return ok(undefined);
}

/** What stands for the last use where there was none, by whether the agent has the key. */
const NEVER: Record<string, string> = { true: 'never', false: 'not in the agent', null: 'unknown' };

const PLAIN = { style: { head: [], border: [], compact: true } };

function change(at: KeysCase, edit: (text: string) => Result<string, BoardFailure>): Done {
  const store = readStore(at.file);
  if (!store.ok) return store;
  const { text } = store.value;
  const edited = edit(text);
  if (!edited.ok) return edited;
  return edited.value === text ? ok(undefined) : writeStore(at.file, edited.value, text);
}

async function linesGiven({ terminal }: KeysCase): Promise<Result<KeyEntry[], BoardFailure>> {
  const parsed = parseKeys(await terminal.input());
  if (!parsed.ok) {
    const words = parsed.errors.map(({ line, problem }) => `line ${line}: ${problem}`).join(' ');
    return failure('wrong-use', `standard input is no list of keys: ${words}`);
  }
  if (parsed.keys.length > 0) return ok(parsed.keys);
  return failure('wrong-use', 'standard input holds no key; pipe "fencepost keys show" into it');
}

function told(at: KeysCase, data: unknown, sentence: string): Done {
  at.terminal.out(at.json ? jsonLine(data) : `${sentence}\n`);
  return ok(undefined);
}

function freshKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

function base64Of(key: KeyEntry): string {
  return Buffer.from(key.secret()).toString('base64');
}

function sameSecret(a: KeyEntry, b: KeyEntry): boolean {
  return base64Of(a) === base64Of(b);
}

function isSameName(a: KeyName, b: KeyName): boolean {
  return a.role === b.role && a.owner === b.owner && a.kid === b.kid;
}

function plain({ role, owner, kid }: KeyName): KeyName {
  return { role, owner, kid };
}
