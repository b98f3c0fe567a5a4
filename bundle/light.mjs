/**
 * A board has little memory and no compiler, but our libraries bring web sockets, SOCKS proxies, worker
 * threads and copies of what Node has built in, and find their native parts by searching node_modules.
 *
 * This esbuild plugin leaves out what we never use (a stub throws, naming itself, if we ever do), takes
 * Node's own modules for their copies, and loads native parts from beside the bundle, so that the
 * JavaScript is the same for every processor. `settings` is what every bundle of ours is made with,
 * shipped or test. bundle/README.md says what it saves; test/bundle/light.test.ts guards it.
 */
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const refusal = (name) =>
  `const refuse=()=>{throw new Error(${JSON.stringify(name)}+' is left out of the bundle')};`;

/** What is left of a module that we never use: just enough for its importers to load. */
const STUBS = {
  ws: 'module.exports=class{constructor(){refuse()}};',
  socks: 'module.exports={SocksClient:class{constructor(){refuse()}}};',
  'worker-timers': 'module.exports={setInterval:refuse,clearInterval:refuse};',
  // Topic aliases, which we never ask for; mqtt makes the table all the same.
  'lru-cache': 'exports.LRUCache=class extends Map{constructor(){super()}};',
  debug: 'module.exports=()=>Object.assign(()=>{},{enabled:false,extend:module.exports});',
  'node-gyp-build':
    "module.exports=()=>require(require('node:path').join(__dirname,'serialport.node'));",
};

/** What is left of mqtt's other ways to connect: our link opens sockets, and loads TLS (5 MiB) on demand. */
const CONNECTOR =
  'module.exports={default:refuse,streamBuilder:refuse,browserStreamBuilder:refuse};';

/** Copies of what Node has built in. */
const BUILT_IN = ['buffer', 'events', 'process', 'string_decoder'];
const REPLACED = {
  ...Object.fromEntries(BUILT_IN.map((name) => [name, `node:${name}`])),
  'readable-stream': 'node:stream',
};

/** Packages of which one file is enough: Linux alone, and CBOR without its loader of native parts. */
const PARTS = {
  '@serialport/bindings-cpp': 'dist/linux.js',
  'cbor-x': 'index.js',
};

const partOf = (name, file) => join(dirname(require.resolve(`${name}/package.json`)), file);
const exactly = (names) => new RegExp(`^(${Object.keys(names).join('|')})/?$`);

/** The plugin itself; `settings` already holds it. */
export const light = {
  name: 'light',
  setup(build) {
    const bare = (path) => path.replace(/\/$/, '');
    build.onResolve({ filter: exactly(STUBS) }, ({ path }) => ({
      path: bare(path),
      namespace: 'stub',
    }));
    build.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({
      contents: refusal(path) + STUBS[path],
      resolveDir: root,
    }));
    build.onResolve({ filter: exactly(REPLACED) }, ({ path }) => ({
      path: REPLACED[bare(path)],
      external: true,
    }));
    build.onResolve({ filter: exactly(PARTS) }, ({ path }) => ({
      path: partOf(path, PARTS[path]),
    }));
    // Its encoder may go where only the decoder is used; the package does not say so.
    build.onResolve({ filter: /^\.\/encode\.js$/ }, ({ path, importer, resolveDir }) =>
      importer.includes('cbor-x')
        ? { path: join(resolveDir, path), sideEffects: false }
        : undefined,
    );
    // The client wants its own version and brings the whole file for it.
    build.onLoad({ filter: /\/mqtt\/package\.json$/ }, ({ path }) => ({
      contents: JSON.stringify({ version: require(path).version }),
      loader: 'json',
    }));
    build.onLoad(
      { filter: /\/mqtt\/build\/lib\/connect\/(tls|ws|wx|ali|socks)\.js$/ },
      ({ path }) => ({
        contents: refusal(basename(path, '.js')) + CONNECTOR,
      }),
    );
  },
};

/** The esbuild settings that shipped programs and tests share; the caller adds entry points and names. */
export const settings = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  charset: 'utf8',
  legalComments: 'none',
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  logOverride: { 'empty-import-meta': 'error' },
  plugins: [light],
  write: false,
};

/** Processors we ship for: the compiler of the addon, and serialport's prebuilt native part. */
export const ARCHES = {
  x64: {
    compiler: 'x86_64-linux-gnu-gcc',
    serialport: 'linux-x64/@serialport+bindings-cpp.glibc.node',
  },
  arm64: {
    compiler: 'aarch64-linux-gnu-gcc',
    serialport: 'linux-arm64/@serialport+bindings-cpp.armv8.glibc.node',
  },
  arm: {
    compiler: 'arm-linux-gnueabihf-gcc',
    serialport: 'linux-arm/@serialport+bindings-cpp.armv7.glibc.node',
  },
};

/** Gives the path of serialport's native part for one processor. */
export function serialportNative(arch) {
  return partOf('@serialport/bindings-cpp', join('prebuilds', ARCHES[arch].serialport));
}
