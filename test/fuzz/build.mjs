/**
 * Builds the fuzzer with every branch of our code, and of the parsers that we rely on, counted
 * (lib/count.mjs): which branches an input takes is what guides the search for the next.
 *
 * Why not Jazzer.js: its 4.0.0 ships one native part, which wants glibc 2.38 (Debian 12 has 2.36), and
 * no source to build another from.
 */
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root, settings } from '../../bundle/light.mjs';
import { place } from '../../bundle/place.mjs';
import { counted } from './lib/count.mjs';

const COUNTED =
  /(^|\/)(?:(?:protocol|firmware-agent|host-shim)\/.*\.ts|node_modules\/(?:smol-toml|mqtt-packet|mqtt)\/.*\.js)$/;

const out = join(root, 'dist', 'test', 'fuzz-counted.cjs');
const { outputFiles } = await build({
  ...settings,
  entryPoints: ['test/fuzz/main.ts'],
  outfile: out,
  outExtension: {},
  sourcemap: 'external',
});
const [map, code] = outputFiles.toSorted((a, b) => b.path.length - a.path.length);
const sources = new SourceMap(JSON.parse(map.text));

/** Where a place of the bundle comes from; undefined where nobody wants it counted. */
function placeOf({ line, column }) {
  const { originalSource, originalLine } = sources.findEntry(line - 1, column);
  const file = COUNTED.exec(originalSource ?? '')?.[0].replace(/^\//, '');
  return file === undefined ? undefined : { file, line: originalLine + 1 };
}

place(out, Buffer.from(counted(code.text, placeOf)));
