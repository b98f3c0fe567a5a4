/**
 * Runs the quick tests, or those whose path contains one of the arguments:
 *   node test/lib/run.mjs protocol/wire liveness
 *
 * Each file is a process of its own, two at a time. A file counts by its closing line and by its exit
 * code, and fails when either is missing or they disagree: silence is never success.
 */
import { spawn } from 'node:child_process';
import { root } from '../../bundle/light.mjs';
import { buildFiles, builtPath, programFiles, testFiles } from './build.mjs';

const AT_ONCE = 2;
const FILE_TIME_MS_MAX = 60_000;
const CLOSING_LINE = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm;

const say = (text) => process.stdout.write(`${text}\n`);
const total = { passed: 0, failed: 0, skipped: 0 };

function judge(output, exitCode) {
  const last = [...output.matchAll(CLOSING_LINE)].at(-1);
  if (last === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const [passed, failed, skipped] = last.slice(1).map((count) => Number(count ?? 0));
  return { passed, failed: exitCode === 0 ? failed : Math.max(failed, 1), skipped };
}

function count(file, output, result, timeMs) {
  for (const kind of Object.keys(total)) total[kind] += result[kind];
  const bad = result.failed > 0;
  if (bad || result.skipped > 0) say(`\n---- ${file}\n${output.trimEnd()}\n----`);
  say(`${bad ? 'FAILED' : '    ok'} ${String(result.passed).padStart(4)}  ${file}  ${timeMs} ms`);
}

function runFile(file) {
  return new Promise((done) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, ['--enable-source-maps', builtPath(file)], { cwd: root });
    let output = '';
    const killer = setTimeout(() => {
      output += `\nstopped: still running after ${FILE_TIME_MS_MAX} ms\n`;
      child.kill('SIGKILL');
    }, FILE_TIME_MS_MAX);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('close', (exitCode) => {
      clearTimeout(killer);
      const timeMs = Math.round(performance.now() - startedAt);
      count(file, output, judge(output, exitCode), timeMs);
      done();
    });
  });
}

async function runAll(files) {
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await runFile(file);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const filters = process.argv.slice(2);
const files = testFiles(filters);
const broken = await buildFiles([...files, ...programFiles()]);
for (const [file, errors] of Object.entries(broken)) {
  // A part of the tests is judged by itself: a program that it never starts may be in pieces.
  if (filters.length > 0 && !files.includes(file)) say(`note: ${file} does not bundle`);
  else count(file, errors, { passed: 0, failed: 1, skipped: 0 }, 0);
}
await runAll(files.filter((file) => broken[file] === undefined));
if (files.length === 0) {
  say('no test file matches');
  total.failed += 1;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
say(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
