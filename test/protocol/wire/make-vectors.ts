/** Prints the test vectors; protocol/README.md says how the file is made anew. */
import { makeVectors } from './lib/vectors.ts';

process.stdout.write(`${JSON.stringify(makeVectors(), null, 2)}\n`);
