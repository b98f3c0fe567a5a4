/** What is counted must be the program that was written: a counter may change nothing but its count. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { assert, suite } from '../lib/suite.ts';

const test = suite('counted branches');

type Counted = (
  text: string,
  placeOf: (at: { line: number }) => { file: string; line: number } | undefined,
) => string;

async function load(): Promise<Counted> {
  const path = join(process.cwd(), 'test', 'fuzz', 'lib', 'count.mjs');
  return (await import(pathToFileURL(path).href)).counted;
}

const PROGRAM = `
function arms(a, b = a > 1 ? 'two' : 'one') {
  if (a) if (b === 'one') return [a, b]; else return [b];
  else for (const n of [1, 2]) b += n;
  return a ?? b;
}
const object = (x) => ({ x });
const strict = function () { 'use strict'; return this === undefined; };
function walk(n) {
  let said = '';
  for (let i = 0; i < n; i += 1) said += i && '-' || '.';
  do said += '!'; while (said.length < 4);
  while (said.length < 6) said += '?';
  switch (n) {
    case 1: said += 'a';
    case 2: { said += 'b'; break; }
    case 3:
    default: said += 'c';
  }
  try { null.x; } catch { said += 'x'; }
  return said;
}
result = JSON.stringify([arms(0), arms(1), arms(2), arms(null), object(3), strict(), [0, 1, 2, 3].map(walk)]);
`;

interface Ran {
  result: string;
  fuzzPoints: [place: string, line: number][];
  fuzzCounts: Uint32Array;
}

function runOf(text: string): Ran {
  const context = createContext({ result: '' });
  runInContext(text, context);
  return context as unknown as Ran;
}

test('a program does the same with its branches counted', async () => {
  const counted = await load();
  const plain = runOf(`"use strict";${PROGRAM}`);
  const ran = runOf(counted(PROGRAM, ({ line }) => ({ file: 'a.ts', line })));
  assert.is(ran.result, plain.result);
  assert.is(ran.fuzzPoints.length, ran.fuzzCounts.length);
});

test('each arm is counted where it stands, an else that nobody wrote among them', async () => {
  const counted = await load();
  const text = 'function f(a) {\n  if (a) return 1;\n  return 2;\n}\nf(0);f(0);f(1);';
  const { fuzzPoints, fuzzCounts } = runOf(counted(text, ({ line }) => ({ file: 'a.ts', line })));
  // From another realm, so of other classes than ours.
  assert.equal(JSON.parse(JSON.stringify(fuzzPoints)), [
    ['a.ts#f', 1],
    ['a.ts#f', 2],
    ['a.ts#f', 2],
  ]);
  assert.equal([...fuzzCounts], [3, 1, 2]);
});

test('what nobody asks for is not counted', async () => {
  const counted = await load();
  const { fuzzCounts, result } = runOf(counted(PROGRAM, () => undefined));
  assert.is(fuzzCounts.length, 0);
  assert.ok(result.length > 0);
});

test.run();
