/** The keys file on disk: whose it must be, and what is never said about it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeysFile } from '../../protocol/keys-file.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('keys file');
const dir = mkdtempSync(join(tmpdir(), 'fencepost-keys-'));
test.after(() => rmSync(dir, { recursive: true }));

const KEY = Buffer.alloc(32, 0xab).toString('base64');
const GOOD = `host deimos 1 ${KEY}\n`;

function keysFile(name: string, text: string, mode = 0o600): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function problemOf(path: string): string {
  const read = readKeysFile(path);
  return read.ok ? 'accepted' : read.problems.map((one) => `${one.problem} ${one.remedy}`).join();
}

test('a file that only its owner can read gives its keys', () => {
  for (const mode of [0o600, 0o400]) {
    const read = readKeysFile(keysFile('good', GOOD, mode));
    assert.ok(read.ok && read.keys.length === 1 && read.keys[0]?.owner === 'deimos');
  }
});

test('a file that anybody else may read, write or run is refused with chmod', () => {
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777]) {
    const path = keysFile('open', GOOD, mode);
    assert.match(problemOf(path), new RegExp(`mode is ${mode.toString(8)}.*chmod 600 ${path}`));
  }
});

test('a link is judged by the file that it leads to', () => {
  const path = join(dir, 'link');
  symlinkSync(keysFile('behind', GOOD, 0o644), path);
  assert.match(problemOf(path), /chmod 600/);
});

if (process.geteuid?.() === 0) {
  test('a file of another user is refused with chown', () => {
    const path = keysFile('foreign', GOOD);
    chownSync(path, 12_345, 12_345);
    assert.match(problemOf(path), /belongs to another user Run: chown 0 /);
  });
} else {
  test.skip('a file of another user is refused with chown', 'only root can make one');
}

test('what is no keys file is refused without waiting and without reading on', () => {
  assert.match(problemOf(join(dir, 'none')), /the keys are not taken: there is no such file/);
  assert.match(problemOf(dir), /a folder and not a file/);
  assert.match(problemOf('/dev/zero'), /not a regular file/);
  const pipe = join(dir, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.match(problemOf(pipe), /not a regular file/);
  assert.match(problemOf(keysFile('huge', '#'.repeat(2 ** 22 + 1))), /larger than/);
});

test('mistakes come with file and line, and never with a byte of a key', () => {
  const path = keysFile('bad', `${GOOD}host deimos 1 ${KEY}\nhost phobos x ${KEY}\nwhat ${KEY}\n`);
  const read = readKeysFile(path);
  assert.not(read.ok);
  if (read.ok) return;
  assert.ok(read.problems.length >= 3);
  for (const problem of read.problems) {
    assert.is(problem.file, path);
    assert.ok(problem.line > 1 && problem.remedy !== '');
    assert.not.match(JSON.stringify(problem), KEY.slice(0, 8));
  }
});

test.run();
