/**
 * Guards of the shipping code, each taken out by itself: what the worlds must find, or they prove
 * nothing. A mutant names the exact words that it changes; where the code no longer has them, or has
 * them twice, building it fails, so none of them can go stale unseen.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../bundle/light.mjs';
import { CORE_MUTANTS } from './mutants-core.mjs';
import { SESSION_MUTANTS } from './mutants-session.mjs';

/** Mutants by name: the world that must find each, what is taken out, and where. */
export const MUTANTS = { ...CORE_MUTANTS, ...SESSION_MUTANTS };

/** An esbuild plugin that builds the code with one guard taken out. */
export function plant(name) {
  const mutant = MUTANTS[name];
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
  const files = [...new Set(mutant.changes.map(([file]) => file))];
  return {
    name: 'plant',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = files.find((one) => path === join(root, one));
        if (file === undefined) return undefined;
        const contents = mutant.changes
          .filter(([of]) => of === file)
          .reduce(
            (text, [, find, put]) => changed(text, { name, file, find, put }),
            readFileSync(path, 'utf8'),
          );
        return { contents, loader: 'ts' };
      });
    },
  };
}

function changed(text, { name, file, find, put }) {
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `${name}: ${file} has ${parts.length - 1} times "${find}"; say anew what it takes out`,
    );
  }
  return parts.join(put);
}
