/**
 * uvu exits 0 when a `before` hook throws, when a test throws a string or rejects with nothing, when a
 * test never settles, and when `.run()` is forgotten: a broken test then looks like a passed one.
 *
 * So every test file takes its suite from here. We count what was registered and what finished, turn
 * whatever was thrown into an Error, and settle the account when the process ends: the exit code is 1
 * unless every registered test passed or was skipped with a reason. The closing line
 * `N passed, N failed[, N skipped]` is for people and for the runner alike. With CI=true a skip fails too.
 */
import { suite as uvuSuite } from 'uvu';

export * as assert from 'uvu/assert';

export type Body = () => void | Promise<void>;

/** Registers a hook; what it throws fails the process. */
export interface Hook {
  (body: Body): void;
  each(body: Body): void;
}

/** Registers one test; `run` must be called once, after the last of them. */
export interface Suite {
  (title: string, body: Body): void;
  skip(title: string, reason: string): void;
  before: Hook;
  after: Hook;
  run(): void;
}

const tally = { registered: 0, passed: 0, threw: 0, skipped: 0 };
const complaints: string[] = [];

/** Makes a suite whose outcome is always in the exit code. */
export function suite(name: string): Suite {
  const inner = uvuSuite(name);
  const hook = (when: 'before' | 'after'): Hook =>
    Object.assign((body: Body) => inner[when](guardHook(`${name}: ${when}`, body)), {
      each: (body: Body) => inner[when].each(guardHook(`${name}: ${when} each`, body)),
    });
  const register = (title: string, body: Body): void => {
    tally.registered += 1;
    inner(title, guardTest(body));
  };
  return Object.assign(register, {
    skip(title: string, reason: string): void {
      tally.skipped += 1;
      say(`  skipped: ${name}: ${title}: ${reason}`);
      if (process.env['CI'] === 'true') complaints.push(`CI skips nothing: ${name}: ${title}`);
    },
    before: hook('before'),
    after: hook('after'),
    run: () => inner.run(),
  });
}

function guardTest(body: Body): () => Promise<void> {
  return async () => {
    try {
      await body();
      tally.passed += 1;
    } catch (thrown) {
      tally.threw += 1;
      throw asError(thrown);
    }
  };
}

/** uvu loses what a hook throws, so it is kept here and told at the end. */
function guardHook(where: string, body: Body): () => Promise<void> {
  return async () => {
    try {
      await body();
    } catch (thrown) {
      const error = asError(thrown);
      complaints.push(`${where} hook failed: ${error.stack ?? error.message}`);
      throw error;
    }
  };
}

function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(`something that is not an Error was thrown: ${String(thrown)}`);
}

function settle(exitCode: number): void {
  const unfinished = tally.registered - tally.passed - tally.threw;
  if (unfinished > 0) complaints.push(`${unfinished} registered tests never finished`);
  if (tally.registered + tally.skipped === 0) complaints.push('no test is registered');
  if (exitCode !== 0 && tally.threw + complaints.length === 0) {
    complaints.push(`the process ended with code ${exitCode} though its tests passed`);
  }
  const failed = tally.threw + Math.max(unfinished, complaints.length);
  for (const complaint of complaints) say(complaint);
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
  say(`${tally.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Output to a pipe, a file or a terminal is synchronous on Linux, so it survives an exit handler. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.on('exit', settle);
