/**
 * Runs single tests of our own against sources of which some are changed, in one process, again and
 * again.
 *
 * Code that was run before is ten times as quick as code that V8 sees for the first time. So there is
 * one set of modules that stays, into which a mutant is swapped and out of which it is swapped again:
 * who imports a module looks its exports up in one object. What that cannot show (a table made of an
 * import when a module was loaded, a state that a mutant left behind) a fresh set shows, and whoever
 * asks has the last word from one.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { resolve, type Sources, SUITE } from './sources.ts';

export interface CourtTest {
  file: string;
  title: string;
  /** Longer than any honest run of it takes. */
  limitMs?: number;
}

/** JavaScript by path, in place of what was gathered. */
export type Swaps = Readonly<Record<string, string>>;

/** One set of modules. Test files are loaded when the first of their tests is asked for. */
export interface Trial {
  /** Titles of a file, in the order in which it registers them. */
  titles(file: string): string[];
  /** Throws, or rejects, what the test throws. */
  run(test: CourtTest): Promise<void>;
  /** Takes the mutant out again. */
  end(): void;
}

export interface Court {
  /** Swaps a mutant into the modules that stay. End it before the next. */
  warm(swaps: Swaps): Trial;
  /** Modules of its own. */
  fresh(swaps: Swaps): Trial;
  /** Forgets the modules that stay: something was left behind in them. */
  cool(): void;
}

type Body = () => unknown;
type Exports = Record<string, unknown>;
type Load = (path: string) => Exports;
interface Collected {
  titles: string[];
  bodies: Map<string, Body>;
}

interface Registry {
  load: Load;
  /** The module with another text, importing from this registry; not kept in it. */
  loadAs(path: string, js: string): Exports;
  testsOf(file: string): Collected;
}

/** What the loader puts in front of a module; offsets that V8 tells begin after it. */
export const WRAPPER = '(function(exports,require,module,__filename,__dirname){';
/** Ends the script name of a module that is swapped in. */
export const MUTANT = '?mutant';

export function openCourt(sources: Sources): Court {
  const open = linker(sources);
  let stays = open({});
  const of = (registry: Registry, end: () => void): Trial => ({
    titles: (file) => registry.testsOf(file).titles,
    async run({ file, title }) {
      const body = registry.testsOf(file).bodies.get(title);
      if (body === undefined) throw new Error(`${file} has no test: ${title}`);
      // Not awaited where it need not be: a loop that never ends must not look like a wait.
      const result = body();
      if (result instanceof Promise) await result;
    },
    end,
  });
  return {
    fresh: (swaps) => of(open(swaps), () => {}),
    warm(swaps) {
      const undo: [Exports, Exports][] = [];
      for (const [path, js] of Object.entries(swaps)) {
        const is = stays.load(path);
        undo.push([is, { ...is }]);
        Object.assign(is, stays.loadAs(path, js));
      }
      return of(stays, () => {
        for (const [is, was] of undo) Object.assign(is, was);
      });
    },
    cool() {
      stays = open({});
    },
  };
}

/** Answers a function that makes a set of modules; what was compiled once is compiled for all. */
function linker({ root, modules, packages }: Sources): (swaps: Swaps) => Registry {
  const nativeRequire = createRequire(join(root, 'package.json'));
  const scripts = new Map<string, Script>();
  const compile = (name: string, js: string): Script =>
    new Script(`${WRAPPER}${js}\n})`, { filename: name });
  const known = (path: string, js: string): Script => {
    const script = scripts.get(path) ?? compile(path, js);
    scripts.set(path, script);
    return script;
  };
  const evaluate = (script: Script, path: string, require: (name: string) => unknown): Exports => {
    const module: { exports: Exports } = { exports: {} };
    const file = join(root, path);
    script.runInThisContext()(module.exports, require, module, file, join(file, '..'));
    // Nobody assigns to what he exported; plain properties are quicker than esbuild's getters.
    return { ...module.exports };
  };
  const ofPackage = new Map<string, Exports>();
  const requirePackage = (name: string): unknown => {
    const js = packages[name];
    if (js === undefined) return nativeRequire(name);
    const is = ofPackage.get(name) ?? evaluate(compile(name, js), name, nativeRequire);
    ofPackage.set(name, is);
    return is;
  };

  return (swaps) => {
    const loaded = new Map<string, Exports>();
    const tests = new Map<string, Collected>();
    const collecting: Collected[] = [];
    const suite = () => collector(collecting);
    loaded.set(SUITE, { assert: requirePackage('uvu/assert'), suite });
    const requireIn = (path: string) => (name: string) =>
      name.startsWith('.') ? load(resolve(path, name)) : requirePackage(name);
    const loadAs = (path: string, js: string): Exports =>
      evaluate(compile(`${path}${MUTANT}`, js), path, requireIn(path));
    const load = (path: string): Exports => {
      const is = loaded.get(path);
      if (is !== undefined) return is;
      const js = modules[path];
      if (js === undefined) throw new Error(`${path} was not gathered`);
      const swapped = swaps[path];
      const made =
        swapped === undefined
          ? evaluate(known(path, js), path, requireIn(path))
          : loadAs(path, swapped);
      loaded.set(path, made);
      return made;
    };
    const testsOf = (file: string): Collected => {
      const is = tests.get(file);
      if (is !== undefined) return is;
      const collected: Collected = { titles: [], bodies: new Map() };
      collecting.push(collected);
      load(file);
      collecting.pop();
      tests.set(file, collected);
      return collected;
    };
    return { load, loadAs, testsOf };
  };
}

/** A suite that remembers its tests. Hooks are for files and processes, which no judge here has. */
function collector(collecting: readonly Collected[]): unknown {
  const register = (title: string, body: Body): void => {
    const tests = collecting.at(-1);
    if (tests === undefined) throw new Error(`a test is registered too late: ${title}`);
    if (tests.bodies.has(title)) throw new Error(`two tests are called: ${title}`);
    tests.titles.push(title);
    tests.bodies.set(title, body);
  };
  const unknown = (): never => {
    throw new Error('a judge has no hooks and skips nothing');
  };
  const hook = Object.assign(unknown, { each: unknown });
  return Object.assign(register, { skip: unknown, before: hook, after: hook, run() {} });
}
