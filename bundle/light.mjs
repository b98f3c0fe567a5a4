/**
 * A board has little memory and no compiler, but our libraries bring web sockets, SOCKS proxies, worker
 * threads and copies of what Node has built in, and find their native parts by searching node_modules.
 *
 * This esbuild plugin leaves out what we never use (a stub throws, naming itself, if we ever do; what
 * stands inside a file is cut out by cuts.mjs), takes Node's own modules for their copies, puts off what
 * a start does not need, and loads native parts from beside the bundle, so that the JavaScript is the
 * same for every processor. `settings` is what every bundle of ours is made with, shipped or test.
 * bundle/README.md says what it saves; test/bundle/light.test.ts guards it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CUTS, cutSource } from './cuts.mjs';

const require = createRequire(import.meta.url);
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const refusal = (name) =>
  `const refuse=()=>{throw new Error(${JSON.stringify(`${name} is left out of the bundle`)})};`;

/** What is left of a module that we never use: just enough for its importers to load. */
const STUBS = {
  debug: 'module.exports=()=>()=>{};',
  'node-gyp-build':
    "module.exports=()=>require(require('node:path').join(__dirname,'serialport.node'));",
  // Of a message that is kept until it is acknowledged; nobody changes its parts meanwhile.
  'rfdc/default': 'module.exports=(packet)=>({...packet});',
};

/** Copies of what Node has built in. */
const BUILT_IN = ['buffer', 'events', 'process', 'string_decoder'];
const REPLACED = {
  ...Object.fromEntries(BUILT_IN.map((name) => [name, `node:${name}`])),
  'readable-stream': 'node:stream',
  'process-nextick-args': 'node:process',
};

/** Packages of which one file is enough: a list of buffers need not be a stream. */
const PARTS = { bl: 'BufferList.js' };

/** Packages that offer much: what we import of them, tests included. */
const ENTRIES = {
  mqtt: "exports.MqttClient=require('./build/lib/client.js').default;",
  'cbor-x': "export {Decoder} from './decode.js';export {Encoder} from './encode.js';",
};

/** Modules of mqtt that nobody calls with our options, or only to be told nothing. */
const UNCALLED = {
  'get-timer': 'exports.default=refuse;',
  'handlers/pubrel': 'exports.default=refuse;',
  'is-browser': 'exports.default=exports.isWebWorker=false;',
  'topic-alias-recv': 'exports.default=class{constructor(){refuse()}};',
  // Made where a broker would take aliases; never asked for one.
  'topic-alias-send': 'exports.default=class{};',
};

/** Modules of Node that a start can do without; each takes a board milliseconds to load. */
const LATER = ['node:child_process', 'node:dns', 'node:fs/promises', 'node:zlib'];

/** The functions of a module of Node, which is loaded when the first of them is called. */
function calledLater(name) {
  const module = process.getBuiltinModule(name);
  return Object.keys(module)
    .filter((key) => typeof module[key] === 'function')
    .map(
      (key) =>
        `export const ${key}=(...args)=>process.getBuiltinModule('${name}').${key}(...args);`,
    )
    .join('\n');
}

const partOf = (name, file) => join(dirname(require.resolve(`${name}/package.json`)), file);
const exactly = (names) => new RegExp(`^(${Object.keys(names).join('|')})/?$`);
const within = (names) => new RegExp(`/node_modules/(${names.join('|')})$`);

/** Calls that only tell a developer what a library does. A label in front, and esbuild drops them. */
const TELLING = /^(?=[ \t]*(?:this\.log|client\.log|debug|logger)\()/gm;
const CHATTY = within([
  '(?:mqtt|mqtt-packet|@serialport/bindings-cpp)/.*\\.js',
  ...Object.keys(CUTS),
]);

/** The plugin itself; `settings` already holds it. */
export const light = {
  name: 'light',
  setup(build) {
    const bare = (path) => path.replace(/\/$/, '');
    const virtual = (namespace, sources) => {
      build.onResolve({ filter: exactly(sources) }, ({ path }) => ({
        path: bare(path),
        namespace,
      }));
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: sources[path],
        resolveDir: namespace === 'entry' ? partOf(path, '.') : root,
      }));
    };
    virtual('stub', STUBS);
    virtual('entry', ENTRIES);
    const later = Object.fromEntries(LATER.map((name) => [name, calledLater(name)]));
    virtual('later', later);
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
    build.onLoad({ filter: within(['mqtt/package.json']) }, ({ path }) => ({
      contents: JSON.stringify({ version: require(path).version }),
      loader: 'json',
    }));
    // No configuration of ours holds a date, so one is refused where it stands.
    build.onLoad({ filter: within(['smol-toml/dist/date\\.js']) }, () => ({
      contents: 'export class TomlDate{isValid(){return false}}',
    }));
    const uncalled = Object.keys(UNCALLED).map((name) => `mqtt/build/lib/${name}\\.js`);
    build.onLoad({ filter: within(uncalled) }, ({ path }) => {
      const name = /build\/lib\/(.*)\.js$/.exec(path)[1];
      return { contents: `exports.__esModule=true;${refusal(name)}${UNCALLED[name]}` };
    });
    build.onLoad({ filter: CHATTY }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const name = path.split('/node_modules/').at(-1);
      const cut = CUTS[name] === undefined ? source : cutSource(name, source);
      return { contents: cut.replace(TELLING, 'telling:') };
    });
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
  dropLabels: ['telling'],
  // Neither ships: the broker of the tests needs the half of MQTT that is cut out here.
  external: ['aedes', 'esbuild'],
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
