/**
 * How this house builds and where its tests are: two scripts that are run as they stand and so are in
 * no bundle, loaded from the project.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions } from 'esbuild';

export interface House {
  root: string;
  /** What every bundle is made with, shipped or test. */
  settings: BuildOptions;
  /** Test files whose path contains one of `filters`, relative to the root. */
  testFiles(filters: readonly string[]): string[];
}

/** Loads them; `root` is the root of the project. */
export async function loadHouse(root: string): Promise<House> {
  const { settings } = await load<Pick<House, 'settings'>>(root, 'bundle/light.mjs');
  const { testFiles } = await load<Pick<House, 'testFiles'>>(root, 'test/lib/build.mjs');
  return { root, settings, testFiles };
}

function load<T>(root: string, path: string): Promise<T> {
  return import(pathToFileURL(join(root, path)).href) as Promise<T>;
}
