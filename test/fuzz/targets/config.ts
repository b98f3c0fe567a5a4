/** The three configuration files, and whatever else somebody names in their place. */
import { readFileSync } from 'node:fs';
import { parse as parseToml, stringify } from 'smol-toml';
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { parseCliConfig } from '../../../host-shim/config/cli-config.ts';
import { parseShimConfig } from '../../../host-shim/config/shim-config.ts';
import type { Parsed } from '../../../protocol/toml.ts';
import { bytesOf, must, type Target, textOf } from '../lib/target.ts';

const TIMER_MS_MAX = 2 ** 31;
const SYNTAX = [
  '[',
  ']',
  '[[',
  '{',
  '}',
  '=',
  '"',
  "'",
  '"""',
  "'''",
  '#',
  '\n',
  '.',
  ',',
  '\\u0000',
];
const VALUES = [
  '0',
  '-1',
  '1e999',
  'nan',
  'inf',
  '0x7fffffffffffffff',
  '1979-05-27',
  'true',
  '[]',
  '{}',
  '""',
];
const TIMES = ['"0s"', '"1ms"', '"9999999999h"', '"2147483648ms"', '"1.5s"', '"15s"', '"60s"'];
const NAMES = ['__proto__', 'constructor', 'toString', '"é"', 'hosts.deimos', 'schema = 2'];

/** The file with each of its times in turn set to others: such changes are too exact to be drawn. */
function retimed(text: string): string[] {
  return [...text.matchAll(/"\d+(ms|s|m|h)"/g)].flatMap(({ 0: was, index }) =>
    TIMES.map((time) => text.slice(0, index) + time + text.slice(index + was.length)),
  );
}

function configTarget(
  name: string,
  example: string,
  parse: (text: string, file: string) => Parsed<unknown>,
  covers: RegExp,
): Target {
  const text = readFileSync(example, 'utf8');
  const bare = text.replaceAll(/ *#.*$/gm, '').replaceAll(/\n{2,}/g, '\n');
  const keys = [...text.matchAll(/^#? ?([a-z_]+) = /gm)].map(([, key]) => `\n${key} = `);
  return {
    name,
    promise:
      'a file is taken with timers that a clock can keep, or refused by lines that exist, with remedies',
    covers,
    bytesMax: 6_000,
    limitMs: 50,
    seeds: [text, bare, 'schema = 1\n', ...retimed(bare)].map(bytesOf),
    words: [...new Set([...keys, ...SYNTAX, ...VALUES, ...TIMES, ...NAMES])].map(bytesOf),
    run: (input) => judgeConfig(textOf(input), parse),
  };
}

export const agentConfigTarget: Target = configTarget(
  'agent-config',
  'firmware-agent/config/agent.example.toml',
  parseAgentConfig,
  /^(firmware-agent\/config\/|protocol\/(toml|config-fields|mqtt-fields|timer-fields)|node_modules\/smol-toml)/,
);

export const shimConfigTarget: Target = configTarget(
  'shim-config',
  'host-shim/config/shim.example.toml',
  parseShimConfig,
  /^(host-shim\/config\/shim|protocol\/(toml|config-fields|mqtt-fields|timer-fields))/,
);

export const cliConfigTarget: Target = configTarget(
  'cli-config',
  'host-shim/config/fencepost.example.toml',
  parseCliConfig,
  /^(host-shim\/config\/cli|protocol\/(toml|config-fields|mqtt-fields))/,
);

function judgeConfig(text: string, parse: (text: string, file: string) => Parsed<unknown>): void {
  const read = parse(text, 'a.toml');
  if (!read.ok) {
    must(read.problems.length > 0, 'a file is refused for a reason');
    const lines = text.split('\n').length;
    for (const { file, line, problem, remedy } of read.problems) {
      must(file === 'a.toml', 'a problem names its file');
      must(
        Number.isInteger(line) && line >= 1 && line <= lines,
        'a problem is on a line that exists',
      );
      must(problem !== '' && /[.?]$/.test(remedy), 'a problem has a remedy, in a sentence');
      must(!/[\n\r]/.test(problem), 'a problem is one line');
    }
    return;
  }
  timersIn(read.config, '');
  for (const { line } of read.warnings) must(line >= 1, 'a warning is on a line');
  const again = parse(stringify(parseToml(text)), 'a.toml');
  must(again.ok, 'a file that is taken is taken in another layout');
  must(same(again.config, read.config), 'and means the same there');
}

/** Node turns what is not below 2^31 ms into 1 ms, so such a deadtime would fence at once. */
function timersIn(value: unknown, key: string): void {
  if (typeof value === 'number' && key.endsWith('Ms')) {
    must(value >= 0 && value < TIMER_MS_MAX, 'a timer is below 2^31 ms');
  }
  if (typeof value === 'number') must(Number.isFinite(value), 'a number is finite');
  if (typeof value !== 'object' || value === null) return;
  timingIn(value as Record<string, unknown>);
  for (const [name, member] of Object.entries(value)) timersIn(member, name);
}

/** Section 1 of the design: a host must be able to beat thrice before it is dead. */
function timingIn({
  keepaliveMs,
  warntimeMs,
  deadtimeMs,
  initdeadMs,
  offHoldMs,
}: Record<string, unknown>): void {
  if (deadtimeMs === undefined) return;
  const [k, w, d, i, h] = [keepaliveMs, warntimeMs, deadtimeMs, initdeadMs, offHoldMs].map(Number);
  must(Number(d) >= 3 * Number(k), 'deadtime is three keepalives at least');
  must(
    Number(w) < Number(d) && Number(i) >= Number(d),
    'warntime is below deadtime, initdead is not',
  );
  must(Number(h) >= 1_000, 'power is held off for a second at least');
}

function same(a: unknown, b: unknown): boolean {
  const replacer = (_key: string, value: unknown): unknown =>
    value instanceof Map ? [...value] : value;
  return JSON.stringify(a, replacer) === JSON.stringify(b, replacer);
}
