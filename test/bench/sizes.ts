/**
 * How many bytes of JavaScript a program takes, counted over the files that it really loads.
 *
 * A bundle that quietly reads a second file would be small on paper only. So each program runs
 * once with a line before it that tells, at its end, what was loaded.
 */
import { statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Child } from './child.ts';

export interface Size {
  program: string;
  scriptBytes: number;
  scripts: string[];
  nativeBytes: number;
  natives: string[];
}

const WORD = 'bench loaded ';
const HOOK = `process.on('exit', () => {
  const files = Object.keys(require.cache).filter((path) => path !== __filename);
  process.stderr.write(${JSON.stringify(WORD)} + JSON.stringify(files) + '\\n');
});
`;

/** Writes what a program is started with to be measured; gives the flags for Node. */
export function measuringFlags(dir: string): string[] {
  const hook = join(dir, 'loaded.cjs');
  writeFileSync(hook, HOOK);
  return ['--require', hook];
}

/** Waits for the end of a program that was started with these flags. */
export async function sizeOf(program: string, child: Child): Promise<Size> {
  const { text } = await child.line(WORD);
  const files: string[] = JSON.parse(text.slice(WORD.length));
  const natives = files.filter((path) => path.endsWith('.node'));
  const scripts = files.filter((path) => !path.endsWith('.node'));
  const bytes = (paths: string[]): number =>
    paths.reduce((sum, path) => sum + statSync(path).size, 0);
  return {
    program,
    scriptBytes: bytes(scripts),
    scripts: scripts.map((path) => basename(path)),
    nativeBytes: bytes(natives),
    natives: natives.map((path) => basename(path)),
  };
}
