/**
 * What goes onto a board or a server is one JavaScript file for each program, with two native parts
 * beside it, and needs nothing but Node. What a program imports at run time only, as the agent does with
 * each driver of a device, lies beside it as `part-NAME.cjs`: a board loads what its configuration names.
 * Source maps lie apart: they are for us, not for the board.
 *
 *   node bundle/build.mjs [x64|arm64|arm] [FOLDER]   the programs, into dist/bundle
 *   node bundle/build.mjs --one ENTRY.ts FOLDER      any one program, made the same way (for tests)
 */
import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';
import { buildAddon, ensureAddon } from '../protocol/native/build.mjs';
import { ARCHES, root, serialportNative, settings } from './light.mjs';
import { place } from './place.mjs';

const PROGRAMS = {
  'fencepost-agent': 'firmware-agent/main.ts',
  'fencepost-shim': 'host-shim/main.ts',
  fencepost: 'host-shim/cli/main.ts',
};

const kilobytes = (bytes) => `${(bytes.length / 1000).toFixed(1).padStart(8)} kB`;

function report(path, contents) {
  const packed = kilobytes(gzipSync(contents, { level: 9 }));
  process.stdout.write(`${kilobytes(contents)} ${packed} gzip  ${relative(root, path)}\n`);
}

/** Puts each `import()` of ours into a file of its own, and remembers it for a build of its own. */
function apart(found) {
  return {
    name: 'apart',
    setup(build) {
      build.onResolve({ filter: /^\.\/.*\.ts$/ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        const name = `part-${basename(path, '.ts')}`;
        found[name] = join(resolveDir, path);
        return { path: `./${name}.cjs`, external: true };
      });
    },
  };
}

/** Takes out what esbuild leaves: constants folded, small functions put in place, dead branches dropped. */
async function squeeze({ path, text }, map) {
  const { code, map: squeezed } = await minify(
    { [basename(path)]: text },
    {
      ecma: 2020,
      toplevel: true,
      compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true },
      sourceMap: { content: map.text, filename: basename(path) },
    },
  );
  return { code, map: squeezed };
}

/** Builds the programs, then what they load at run time. */
async function buildPrograms(programs, out) {
  const found = {};
  const { outputFiles } = await build({
    ...settings,
    entryPoints: Object.entries(programs).map(([name, path]) => ({ in: path, out: name })),
    plugins: [apart(found), ...settings.plugins],
    // A `require` is a file of this program; an `import()` would start Node's other loader.
    supported: { 'dynamic-import': false },
    outdir: out,
    minify: true,
    sourcemap: 'external',
    banner: { js: '#!/usr/bin/env node' },
    logLevel: 'error',
  });
  const maps = new Map(outputFiles.map((file) => [file.path, file]));
  for (const file of outputFiles.filter(({ path }) => !path.endsWith('.map'))) {
    const { code, map } = await squeeze(file, maps.get(`${file.path}.map`));
    const contents = Buffer.from(code);
    place(file.path, contents, 0o755);
    place(join(out, 'maps', `${basename(file.path)}.map`), map);
    report(file.path, contents);
  }
  if (Object.keys(found).length > 0) await buildPrograms(found, out);
}

function buildNatives(arch, out) {
  const addon = join(out, 'ioctl.node');
  if (arch === process.arch) place(addon, readFileSync(ensureAddon()));
  else buildAddon(addon, ARCHES[arch].compiler);
  const serialport = join(out, 'serialport.node');
  place(serialport, readFileSync(serialportNative(arch)));
  for (const path of [addon, serialport]) report(path, readFileSync(path));
}

const [first = process.arch, ...rest] = process.argv.slice(2);
const one = first === '--one';
const [entry] = rest;
const arch = one ? process.arch : first;
const out = rest[one ? 1 : 0] ?? join(root, 'dist', 'bundle');
if (ARCHES[arch] === undefined) {
  process.stderr.write(`no such processor: ${arch} (known: ${Object.keys(ARCHES).join(', ')})\n`);
  process.exit(2);
}
await buildPrograms(one ? { [basename(entry, '.ts')]: entry } : PROGRAMS, out);
buildNatives(arch, out);
