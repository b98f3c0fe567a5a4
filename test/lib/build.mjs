/**
 * Node 20 cannot run TypeScript, and the tests should run the transform that ships. So every test and
 * every program (a file called `main.ts`) becomes one bundle in dist/test, named after its path:
 * test/lib/bench/main.ts -> dist/test/test-lib-bench-main.cjs. They lie side by side, with the native
 * parts, so that one finds the other (`built` in test/lib/built.ts).
 *
 * A file that does not bundle spoils only itself: its errors are returned, not thrown.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, formatMessages } from 'esbuild';
import { root, serialportNative, settings } from '../../bundle/light.mjs';
import { place } from '../../bundle/place.mjs';
import { ensureAddon } from '../../protocol/native/build.mjs';

const out = join(root, 'dist', 'test');
const SOURCES = ['protocol', 'firmware-agent', 'host-shim', 'bundle', 'test'];
const PROGRAM = /(^|\/)main\.ts$|^test\/scenario\/run\.ts$|\/fixtures\/[^/]+\.ts$/;
const APART = /^test\/(scenario|rig|bench|contract)\//;

/**
 * Lists the test files, or those whose path contains one of `filters`; what takes real time only where
 * a filter is the beginning of its path.
 */
export function testFiles(filters = []) {
  const wanted = (path) =>
    APART.test(path)
      ? filters.some((filter) => path.startsWith(filter))
      : filters.length === 0 || filters.some((filter) => path.includes(filter));
  return sources().filter((path) => path.endsWith('.test.ts') && wanted(path));
}

/** Lists the programs that tests start as processes of their own, ours and the tests'. */
export function programFiles() {
  return sources().filter((path) => PROGRAM.test(path));
}

/** Tells where the bundle of a source lies. */
export function builtPath(source) {
  return join(out, `${source.replace(/\.ts$/, '').replaceAll('/', '-')}.cjs`);
}

/** Bundles `files` with the native parts beside them; resolves to `{ file: errors }` of those that failed. */
export async function buildFiles(files) {
  place(join(out, 'ioctl.node'), readFileSync(ensureAddon()));
  place(join(out, 'serialport.node'), readFileSync(serialportNative(process.arch)));
  const allErrors = await bundle(files);
  if (allErrors === undefined) return {};
  const each = await Promise.all(files.map(async (file) => [file, await bundle([file])]));
  return Object.fromEntries(each.filter(([, errors]) => errors !== undefined));
}

async function bundle(files) {
  const entryPoints = files.map((file) => ({
    in: file,
    out: relative(out, builtPath(file)).replace(/\.cjs$/, ''),
  }));
  try {
    const { outputFiles } = await build({
      ...settings,
      entryPoints,
      outdir: out,
      sourcemap: 'inline',
      logLevel: 'silent',
    });
    for (const { path, contents } of outputFiles) place(path, contents);
    return undefined;
  } catch (error) {
    if (error.errors === undefined) throw error;
    return (await formatMessages(error.errors, { kind: 'error' })).join('');
  }
}

/** Lists our TypeScript sources, relative to the root. */
function sources() {
  return SOURCES.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((path) => `${folder}/${path}`)
      .filter((path) => path.endsWith('.ts')),
  ).sort();
}

/** `node test/lib/build.mjs [file ...]` builds the programs, or those named, for `make` to start. */
if (process.argv[1]?.endsWith('lib/build.mjs')) {
  const named = process.argv.slice(2);
  const broken = Object.values(await buildFiles(named.length > 0 ? named : programFiles()));
  for (const errors of broken) process.stderr.write(errors);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
