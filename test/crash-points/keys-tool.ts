/**
 * `fencepost keys` is killed at every call by which it changes the keys file of a board that guards.
 *
 * The file is then the old one or the new one, whole, and for its owner alone; the agent takes it,
 * hosts beat on, and the same command can be given again.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKeysText } from '../../protocol/keys-file.ts';
import { built } from '../lib/built.ts';
import { NODE_FLAGS } from '../lib/rack.ts';
import { carryKey, keysDone, reloadBoard, reloadOther } from '../scenario/lib/keys.ts';
import { type Point, pointsOf, trapOf } from './points.ts';
import { beat, HOST, type Site } from './site.ts';
import { callsOf, type Trap, underStrace } from './strace.ts';

const OWNER = `host ${HOST}` as const;

/** Each is given to the file that the one before has left. */
export const CHANGES: readonly string[] = [`add ${OWNER}`, `switch ${OWNER} 2`];

function fileOf({ rack }: Site): string {
  return join(rack.dir, 'keys');
}

/** Runs a change under strace to its end, whichever that is; the file is put back by the caller. */
function runUnder(site: Site, change: string, trap: Trap | undefined): Promise<void> {
  const words = underStrace(join(site.rack.dir, 'trace'), trap);
  const args = ['keys', ...change.split(' '), '--file', fileOf(site)];
  const command = [...words, process.execPath, ...NODE_FLAGS, built('host-shim/cli/main.ts')];
  const child = spawn(command[0] ?? '', [...command.slice(1), ...args], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.on('close', () => resolve()).on('error', reject);
  });
}

/** What a change does to its file, call by call. */
export async function keysPoints(site: Site, change: string): Promise<Point[]> {
  const was = readFileSync(fileOf(site), 'utf8');
  await runUnder(site, change, undefined);
  writeFileSync(fileOf(site), was);
  return pointsOf(callsOf(join(site.rack.dir, 'trace')), []).filter(({ kind }) => kind === 'keys');
}

/** Kills the change at one call and judges what it left; the file is as before afterwards. */
export async function killKeys(site: Site, change: string, point: Point): Promise<void> {
  const file = fileOf(site);
  const was = readFileSync(file, 'utf8');
  await runUnder(site, change, trapOf(point, new Map()));
  const read = readKeysText(file);
  assert.ok(read.ok, 'the keys file is not whole');
  assert.equal(statSync(file).mode & 0o777, 0o600, 'it is not for its owner alone');
  await reloadBoard(site.rack);
  if (read.text === was) await keysDone(file, change);
  await beat(site);
  writeFileSync(file, was);
  await reloadBoard(site.rack);
}

/** Makes the change; the host gets what is new. */
export async function changeKeys(site: Site, change: string): Promise<void> {
  await keysDone(fileOf(site), change);
  await reloadBoard(site.rack);
  if (!change.startsWith('add')) return;
  await carryKey(site.rack, OWNER, 2);
  await reloadOther(site.rack, OWNER);
  await beat(site);
}
