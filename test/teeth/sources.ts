/**
 * Thousands of mutants, each of which changes one or two files, are to be tried in minutes. Bundling
 * the tests anew for each would cost more than running them.
 *
 * So every source is turned into JavaScript once, by the same esbuild as always, and modules are
 * linked by a loader of our own (court.ts): a mutant costs the transformation of the file that it
 * changes. Packages are bundled once, as they ship. Nothing is written to disk.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dirname, join as joinPath } from 'node:path/posix';
import { type BuildOptions, build, type TransformOptions, transform } from 'esbuild';
import type { House } from './house.ts';

/** What takes the place of test/lib/suite.ts: there tests are run at once, here they are collected. */
export const SUITE = 'test/lib/suite.ts';

/** JavaScript by path, relative to `root`, and by package name. Plain data: workers are given it. */
export interface Sources {
  root: string;
  modules: Record<string, string>;
  packages: Record<string, string>;
}

const REQUIRED = /\brequire\("([^"]+)"\)/g;

/** Reads and transforms `entries` and all that they import. */
export async function gather(
  { root, settings }: House,
  entries: readonly string[],
): Promise<Sources> {
  const sources: Sources = { root, modules: {}, packages: { 'uvu/assert': '' } };
  const seen = new Set<string>([SUITE]);
  let paths = [...entries];
  while (paths.length > 0) {
    const fresh = [...new Set(paths)].filter((path) => !seen.has(path));
    for (const path of fresh) seen.add(path);
    const loaded = await Promise.all(fresh.map((path) => load(settings, root, path)));
    paths = [];
    for (const [i, js] of loaded.entries()) {
      const path = fresh[i] as string;
      sources.modules[path] = js;
      for (const name of importsOf(js)) {
        if (name.startsWith('.')) paths.push(resolve(path, name));
        else if (!name.startsWith('node:')) sources.packages[name] = '';
      }
    }
  }
  await Promise.all(
    Object.keys(sources.packages).map(async (name) => {
      sources.packages[name] = await bundlePackage(settings, name);
    }),
  );
  return sources;
}

async function load(settings: BuildOptions, root: string, path: string): Promise<string> {
  const text = await readFile(join(root, path), 'utf8');
  return path.endsWith('.json') ? `module.exports = ${text}` : toJs(settings, path, text);
}

/** One source as a CommonJS module. Rejects, with esbuild's words, where it is no TypeScript. */
export async function toJs(
  { target, define }: BuildOptions,
  path: string,
  text: string,
): Promise<string> {
  const like = { target, define } as Pick<TransformOptions, 'target' | 'define'>;
  const { code } = await transform(text, {
    ...like,
    loader: 'ts',
    format: 'cjs',
    platform: 'node',
    charset: 'utf8',
    sourcefile: path,
    logLevel: 'silent',
  });
  return code;
}

function importsOf(js: string): string[] {
  return [...js.matchAll(REQUIRED)].map((match) => match[1] as string);
}

/** The path that `name`, imported by the module `from`, stands for. */
export function resolve(from: string, name: string): string {
  return joinPath(dirname(from), name);
}

async function bundlePackage(settings: BuildOptions, name: string): Promise<string> {
  const { outputFiles } = await build({
    ...settings,
    stdin: { contents: `export * from '${name}';`, resolveDir: settings.absWorkingDir ?? '.' },
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
