/**
 * Builds and runs the explorer, each world in a process of its own, two at a time:
 *   node test/explore/run.mjs [--only=WORLD] [--json] [--replay=...]   all worlds, or one
 *   node test/explore/run.mjs --teeth [--only=MUTANT]                  the worlds against mutants
 * A world passes when its frontier is empty and nothing was broken, a mutant when it was found.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root, settings } from '../../bundle/light.mjs';
import { place } from '../../bundle/place.mjs';
import { MUTANTS, plant } from './mutants.mjs';

const AT_ONCE = Number(process.env['AT_ONCE'] ?? 2);
/** A guard that matters is missed long before that; one that is not missed may be doubled by another. */
const MUTANT_STATES_MAX = Number(process.env['MUTANT_STATES_MAX'] ?? 2_000_000);
const HEAP_MB = 6_000;
const WORLDS = ['observers', 'power', 'handshake'];
const out = join(root, 'dist', 'explore');
const say = (text) => process.stdout.write(`${text}\n`);
const flag = (name) => {
  const found = process.argv.find((one) => one === `--${name}` || one.startsWith(`--${name}=`));
  return found === undefined ? undefined : (found.split('=')[1] ?? '');
};

/** Builds the explorer, with a guard taken out where `mutant` names one; answers its path. */
async function built(mutant) {
  const plugins = mutant === undefined ? settings.plugins : [plant(mutant), ...settings.plugins];
  const { outputFiles } = await build({
    ...settings,
    plugins,
    entryPoints: [{ in: 'test/explore/main.ts', out: mutant ?? 'explore' }],
    outdir: out,
    sourcemap: 'inline',
  });
  mkdirSync(out, { recursive: true });
  for (const { path, contents } of outputFiles) place(path, contents);
  return join(out, `${mutant ?? 'explore'}.cjs`);
}

/** Runs one world; resolves with whether it held, and what it said. */
function run(path, args, tell) {
  return new Promise((done) => {
    const memory = `--max-old-space-size=${HEAP_MB}`;
    const child = spawn(process.execPath, ['--enable-source-maps', memory, path, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => {
      text += part;
      tell?.(part);
    });
    child.on('close', (code) => done({ held: code === 0, text }));
  });
}

/** Does all of it, two at a time; resolves with how many answered true. */
async function count(list, work) {
  const queue = [...list];
  let passed = 0;
  const worker = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      if (await work(one)) passed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { passed, failed: list.length - passed };
}

async function worlds() {
  const only = flag('only');
  const names = only ? WORLDS.filter((name) => name === only) : WORLDS;
  if (names.length === 0) throw new Error(`ONLY is one of ${WORLDS.join(', ')}`);
  const path = await built();
  const extra = ['json', 'replay', 'max'].flatMap((name) =>
    flag(name) === undefined ? [] : [flag(name) === '' ? `--${name}` : `--${name}=${flag(name)}`],
  );
  return count(names, async (name) => {
    const { held } = await run(path, [name, ...extra], (part) => process.stdout.write(part));
    return held;
  });
}

async function teeth() {
  const only = flag('only');
  const names = Object.keys(MUTANTS).filter((name) => !only || name === only);
  if (names.length === 0) throw new Error(`ONLY is one of ${Object.keys(MUTANTS).join(', ')}`);
  return count(names, async (name) => {
    const { world, part, what } = MUTANTS[name];
    const ofPart = part === undefined ? [] : [`--part=${part}`];
    const args = [world, ...ofPart, '--json', `--max=${MUTANT_STATES_MAX}`];
    const { text } = await run(await built(name), args);
    const report = JSON.parse(text);
    const { states, cpuSeconds, found } = report;
    const how = found === undefined ? 'NOT FOUND' : found.broken[0];
    say(
      `${name.padEnd(16)} ${world.padEnd(10)} ${String(states).padStart(8)} states ${cpuSeconds.toFixed(1).padStart(6)} s  ${what}\n${' '.repeat(16)} ${how}`,
    );
    return found !== undefined;
  });
}

const { passed, failed } = await (flag('teeth') === undefined ? worlds() : teeth());
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
