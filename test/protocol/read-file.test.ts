/** Reading a configuration: what is none is refused at once, in words that say what to do. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problemLine } from '../../protocol/problem-text.ts';
import { readFile } from '../../protocol/read-file.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('read file');
const dir = mkdtempSync(join(tmpdir(), 'fencepost-read-'));
test.after(() => rmSync(dir, { recursive: true }));

function problemOf(path: string): string {
  const read = readFile(path);
  return read.ok ? 'accepted' : read.problems.map(problemLine).join();
}

test('a plain file is read whole', () => {
  const path = join(dir, 'plain');
  writeFileSync(path, 'schema = 1\n');
  assert.equal(readFile(path), { ok: true, text: 'schema = 1\n' });
});

test('no file, a folder, a device without end and a pipe without a writer are told apart', () => {
  const missing = join(dir, 'none');
  assert.is(
    problemOf(missing),
    `${missing}:1: there is no such file. Create it, or give the path of the right one.`,
  );
  assert.match(problemOf(dir), /this is a folder and not a file\. Give the path/);
  assert.match(problemOf('/dev/zero'), /not a regular file/);
  const pipe = join(dir, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.match(problemOf(pipe), /not a regular file/);
});

test('whoever reads may refuse the open file for what it is', () => {
  const path = join(dir, 'plain');
  writeFileSync(path, 'x');
  const read = readFile(path, ({ size }) => [`it has ${size} byte`, 'Write more.']);
  assert.equal(read.ok ? [] : read.problems.map((one) => one.problem), ['it has 1 byte']);
});

test.run();
