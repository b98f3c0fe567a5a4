/** Each way in which uvu alone would exit 0 is a file in fixtures/; every one must end with exit code 1. */
import { spawnSync } from 'node:child_process';
import { built } from './built.ts';
import { assert, suite } from './suite.ts';

const test = suite('suite');

const FAULTS: Record<string, { closing: string; says: RegExp }> = {
  'before-throws': { closing: '0 passed, 2 failed', says: /no ground to stand on/ },
  'string-thrown': { closing: '0 passed, 1 failed', says: /only words/ },
  'rejects-with-nothing': { closing: '0 passed, 1 failed', says: /not an Error/ },
  'run-forgotten': { closing: '0 passed, 1 failed', says: /1 registered tests never finished/ },
  'never-settles': { closing: '0 passed, 1 failed', says: /1 registered tests never finished/ },
  'after-throws': { closing: '1 passed, 1 failed', says: /left a mess/ },
  'leaves-early': { closing: '0 passed, 1 failed', says: /1 registered tests never finished/ },
  'registered-late': { closing: '1 passed, 1 failed', says: /1 registered tests never finished/ },
  'fails-later': { closing: '1 passed, 1 failed', says: /too late to be seen/ },
  'no-tests': { closing: '0 passed, 1 failed', says: /no test is registered/ },
};

interface Outcome {
  status: number | null;
  output: string;
  closing: string;
}

function runFixture(name: string, env: Record<string, string> = {}): Outcome {
  const run = spawnSync(process.execPath, [built(`test/lib/fixtures/${name}.ts`)], {
    encoding: 'utf8',
    env,
  });
  const closing = run.stdout.trimEnd().split('\n').at(-1) ?? '';
  return { status: run.status, output: run.stdout + run.stderr, closing };
}

for (const [name, { closing, says }] of Object.entries(FAULTS)) {
  test(`${name} fails the process and says why`, () => {
    const run = runFixture(name);
    assert.is(run.closing, closing);
    assert.match(run.output, says);
    assert.is(run.status, 1);
  });
}

test('a skipped test is counted apart, with its reason', () => {
  const run = runFixture('skips');
  assert.is(run.closing, '1 passed, 0 failed, 1 skipped');
  assert.match(run.output, /the device is missing/);
  assert.is(run.status, 0);
});

test('where nothing may be missing, a skipped test fails the process', () => {
  const run = runFixture('skips', { CI: 'true' });
  assert.is(run.closing, '1 passed, 1 failed, 1 skipped');
  assert.is(run.status, 1);
});

test.run();
