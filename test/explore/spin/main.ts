/**
 * Runs the models of this folder through Spin: each must hold, and each rule that is taken away
 * must be missed. Spin writes a C program that walks all states; it is compiled and run in a folder
 * of its own. Spin is a package of Debian (`apt-get install spin`); without it this fails.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Model {
  file: string;
  /** Its formula of liveness. */
  formula: string;
  /** Rules that can be taken away by -DMUTANT=1 and on. */
  mutants: readonly string[];
}

const MODELS: readonly Model[] = [
  {
    file: 'handshake.pml',
    formula: 'standsAtLast',
    mutants: [
      'a HELLO for another life of the board is answered',
      'a HELLO of a life that is over is answered',
      'a beat with a number that is not new is believed',
      'a beat that is not fresh begins a life',
      'a WELCOME that answers no nonce in use is taken',
    ],
  },
  {
    file: 'orders.pml',
    formula: 'answered',
    mutants: [
      'an order for another life of the board is taken',
      'a number that is known is carried out again',
      'the ttl is not looked at when the order is carried out',
    ],
  },
];

const FOLDER = resolve('test/explore/spin');
/** Memory for the states of the largest model, which takes half of it. */
const MEMORY_MB = 4_000;

interface Verdict {
  errors: number;
  states: number;
  transitions: number;
  depth: number;
  seconds: number;
}

function main(): number {
  if (spawnSync('spin', ['-V']).error !== undefined) {
    process.stderr.write('spin is not installed: apt-get install --no-install-recommends spin\n');
    process.stdout.write('0 passed, 1 failed\n');
    return 1;
  }
  let passed = 0;
  let failed = 0;
  const judge = (holds: boolean, line: string): void => {
    if (holds) passed += 1;
    else failed += 1;
    process.stdout.write(`${holds ? 'ok    ' : 'FAILED'} ${line}\n`);
  };
  for (const { file, formula, mutants } of MODELS) {
    const whole = verify(file, 0);
    const { errors, states, transitions, depth, seconds } = whole;
    const figures = `${say(states)} states, ${say(transitions)} transitions, depth ${depth}`;
    judge(
      errors === 0 && states > 0,
      `${file}: ${errors} errors, ${figures}, ${seconds.toFixed(1)} s`,
    );
    const live = verify(file, 0, formula);
    judge(
      live.errors === 0 && live.states > 0,
      `${file}: ${formula}: ${live.errors} errors, ${say(live.states)} states, ${live.seconds.toFixed(1)} s`,
    );
    mutants.forEach((what, i) => {
      const without = verify(file, i + 1);
      judge(without.errors > 0, `${file}: found within ${say(without.states)} states: ${what}`);
    });
  }
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

function say(count: number): string {
  return count.toLocaleString('en');
}

/** All reachable states of one model with one rule taken away; 0 for none. */
function verify(file: string, mutant: number, formula?: string): Verdict {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-spin-'));
  const run = (command: string, args: string[]): string =>
    execFileSync(command, args, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const [built, ran] =
    formula === undefined ? [['-DSAFETY', '-DNOCLAIM'], []] : [[], ['-a', '-N', formula]];
  try {
    run('spin', [`-DMUTANT=${mutant}`, '-a', join(FOLDER, file)]);
    const limits = [`-DMEMLIM=${MEMORY_MB}`, '-DCOLLAPSE', '-DNOREDUCE'];
    run('gcc', ['-O2', ...limits, ...built, '-o', 'pan', 'pan.c']);
    const startedAt = performance.now();
    const text = run('./pan', ['-m100000', ...ran]);
    return verdictOf(text, (performance.now() - startedAt) / 1_000);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Reads what the search says of itself; throws where it did not come to an end. */
function verdictOf(text: string, seconds: number): Verdict {
  const figure = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const errors = figure(/errors: (\d+)/);
  if (errors === 0 && /search incomplete|search depth too small|out of memory/i.test(text)) {
    throw new Error(`a search did not end:\n${text}`);
  }
  return {
    errors,
    states: figure(/([\d.e+]+) states, stored/),
    transitions: figure(/([\d.e+]+) transitions/),
    depth: figure(/depth reached (\d+)/),
    seconds,
  };
}

process.exitCode = main();
