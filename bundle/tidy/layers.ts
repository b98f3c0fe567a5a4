/**
 * The agent must not know the shim, a core must not know a driver, and the wire must not know either:
 * otherwise none can be read, tested or shipped alone. The table below is the whole law; who is not
 * listed as allowed is refused.
 */
import { dirname, join } from 'node:path/posix';
import { type Finding, importsOf, type Rule } from './source.ts';

/** Who may import whom; the first row whose folder holds the importing file counts. */
const LAYERS: readonly { folder: string; may: readonly string[] }[] = [
  { folder: 'protocol/wire/', may: ['protocol/wire/'] },
  { folder: 'protocol/', may: ['protocol/'] },
  { folder: 'firmware-agent/core/', may: ['firmware-agent/core/', 'protocol/wire/'] },
  { folder: 'firmware-agent/', may: ['firmware-agent/', 'protocol/'] },
  { folder: 'host-shim/core/', may: ['host-shim/core/', 'protocol/wire/'] },
  { folder: 'host-shim/', may: ['host-shim/', 'protocol/'] },
  { folder: 'bundle/', may: ['bundle/', 'protocol/', 'firmware-agent/', 'host-shim/'] },
  { folder: 'test/', may: ['test/', 'bundle/', 'protocol/', 'firmware-agent/', 'host-shim/'] },
];

/** What may stand at the top of the repository, beside names that begin with a dot. */
const TOP_LEVEL = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'Makefile'],
  ...['README.md', 'LICENSE', 'CHANGELOG.md'],
  ...['firmware-agent', 'protocol', 'host-shim', 'bundle', 'test'],
];

/** Holds every relative import to the table of layers. */
export const layering: Rule = (source) => {
  const row = LAYERS.find(({ folder }) => source.path.startsWith(folder));
  if (row === undefined || !/\.(ts|mjs)$/.test(source.path)) return [];
  return importsOf(source).flatMap(({ line, specifier }): Finding[] => {
    if (!specifier.startsWith('.')) return [];
    const target = join(dirname(source.path), specifier);
    if (row.may.some((folder) => target.startsWith(folder))) return [];
    const allowed = row.may.join(', ');
    const what = `${row.folder} imports ${target}: it may import only ${allowed}; move the part both need`;
    return [{ path: source.path, line, what }];
  });
};

/** Holds the top level to its fixed names; `paths` are all files of the project. */
export function strangersAtTop(paths: readonly string[]): Finding[] {
  const tops = new Set(paths.map((path) => path.split('/')[0] ?? path));
  return [...tops]
    .filter((name) => !name.startsWith('.') && !TOP_LEVEL.includes(name))
    .map((name) => ({
      path: name,
      line: 1,
      what: 'not a name of the top level: put it into the folder that it belongs to',
    }));
}
