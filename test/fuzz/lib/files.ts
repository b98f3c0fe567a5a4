/**
 * What a search leaves behind: inputs that reached something (`corpus/TARGET`, one a line in base64),
 * and inputs that broke something (`regressions/TARGET-HASH`, the bytes themselves).
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Points } from './points.ts';
import type { Target } from './target.ts';

const FOLDER = 'test/fuzz';
const REGRESSIONS = join(FOLDER, 'regressions');

export function readCorpus(target: string): Uint8Array[] {
  const path = join(FOLDER, 'corpus', target);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => new Uint8Array(Buffer.from(line, 'base64')));
}

/** Keeps the shortest inputs that together take every branch that all of them take. */
export async function writeCorpus(
  target: Target,
  corpus: readonly Uint8Array[],
  points: Points,
): Promise<number> {
  const taken = new Set<number>();
  const kept: Uint8Array[] = [];
  for (const input of corpus.toSorted((a, b) => a.length - b.length)) {
    points.clear();
    await target.run(input);
    const more = points.taken().filter((at) => !taken.has(at));
    if (more.length === 0) continue;
    for (const at of more) taken.add(at);
    kept.push(input);
  }
  mkdirSync(join(FOLDER, 'corpus'), { recursive: true });
  const lines = kept.map((input) => `${Buffer.from(input).toString('base64')}\n`);
  writeFileSync(join(FOLDER, 'corpus', target.name), lines.join(''));
  return kept.length;
}

/** Writes an input that broke `target`; returns its path. */
export function writeRegression(target: string, input: Uint8Array): string {
  mkdirSync(REGRESSIONS, { recursive: true });
  const hash = createHash('sha256').update(input).digest('hex').slice(0, 8);
  const path = join(REGRESSIONS, `${target}-${hash}`);
  writeFileSync(path, input);
  return path;
}

/** The regressions, each with the name of its target. */
export function regressions(): { target: string; path: string }[] {
  if (!existsSync(REGRESSIONS)) return [];
  return readdirSync(REGRESSIONS)
    .filter((name) => /-[0-9a-f]{8}$/.test(name))
    .map((name) => ({ target: targetOf(name), path: join(REGRESSIONS, name) }));
}

/** The target that a file of regressions belongs to. */
export function targetOf(path: string): string {
  return basename(path).replace(/-[0-9a-f]{8}$/, '');
}
