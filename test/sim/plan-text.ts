/**
 * A plan as text, one line for each thing in it, so that a failure can be read, mailed, shrunk by
 * hand and kept as a test.
 *
 *     plan seed=7 calmAt=60000 endAt=90000
 *     board agent=1 brokerOnBoard=false ...
 *     host settings={"host":1,...} feeds=[[0]] holdUpMs=80 ...
 *     orderer name="operator" ...
 *     at 5000 hang host=1
 *     at 8000 for 12000 loss host=2 channel=serial way=up rate=0.3
 *
 * Values are JSON without spaces; in lines that begin with `at` a bare word is a string. Lines that
 * are empty or begin with `#` say nothing.
 */
import type { BoardPlan, Entry, HostPlan, Plan } from './plan.ts';

const BARE = /^[a-z][a-z0-9-]*$/i;
const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/** The text of a plan; `readPlan` gives the same plan back. */
export function printPlan(plan: Plan): string {
  const { seed, calmAt, endAt, board, hosts, orderers, schedule } = plan;
  return [
    fieldsLine('plan', { seed, calmAt, endAt }),
    fieldsLine('board', board),
    ...hosts.map((host) => fieldsLine('host', host)),
    ...orderers.map((orderer) => fieldsLine('orderer', orderer)),
    ...schedule.map(printEntry),
    '',
  ].join('\n');
}

/** One line of the schedule. */
export function printEntry({ at, forMs, kind, host, with: more }: Entry): string {
  const lasts = forMs > 0 ? ` for ${forMs}` : '';
  return fieldsLine(`at ${at}${lasts} ${kind}`, host === undefined ? more : { host, ...more });
}

/** Reads what `printPlan` wrote, or a person did; throws with the number of the line at fault. */
export function readPlan(text: string): Plan {
  const plan: Partial<Plan> & Pick<Plan, 'hosts' | 'orderers' | 'schedule'> = {
    hosts: [],
    orderers: [],
    schedule: [],
  };
  for (const [index, raw] of text.split('\n').entries()) {
    const words = wordsOf(raw);
    const [head] = words;
    if (head === undefined || head.startsWith('#')) continue;
    const fail = (why: string): never => {
      throw new Error(`line ${index + 1} of the scenario: ${why}`);
    };
    const fields = fieldsOf(words.slice(1), fail);
    if (head === 'plan') Object.assign(plan, fields);
    else if (head === 'board') plan.board = fields as unknown as BoardPlan;
    else if (head === 'host') plan.hosts.push(fields as unknown as HostPlan);
    else if (head === 'orderer') plan.orderers.push(fields as unknown as Plan['orderers'][number]);
    else if (head === 'at') plan.schedule.push(readEntry(words, fail));
    else fail(`"${head}" begins no line; write plan, board, host, orderer or at`);
  }
  const { seed, calmAt, endAt, board } = plan;
  if (seed === undefined || calmAt === undefined || endAt === undefined || board === undefined) {
    throw new Error('the scenario has no plan line or no board line');
  }
  return { ...plan, seed, calmAt, endAt, board };
}

type Fail = (why: string) => never;

function readEntry(words: readonly string[], fail: Fail): Entry {
  const hasLength = words[2] === 'for';
  const [at, forMs] = [Number(words[1]), hasLength ? Number(words[3]) : 0];
  const kind = words[hasLength ? 4 : 2];
  if (kind === undefined || !Number.isFinite(at) || !Number.isFinite(forMs)) {
    return fail('write: at MS [for MS] KIND name=value ...');
  }
  const { host, ...more } = fieldsOf(words.slice(hasLength ? 5 : 3), fail);
  return {
    at,
    forMs,
    kind,
    ...(host === undefined ? {} : { host: host as number }),
    with: more as Entry['with'],
  };
}

function fieldsLine(head: string, fields: object): string {
  const words = Object.entries(fields).map(([name, value]) => `${name}=${printValue(value)}`);
  return [head, ...words].join(' ');
}

function printValue(value: unknown): string {
  const isBare = typeof value === 'string' && BARE.test(value) && !LITERALS.has(value);
  return isBare ? value : JSON.stringify(value);
}

function fieldsOf(words: readonly string[], fail: Fail): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const word of words) {
    const cut = word.indexOf('=');
    if (cut < 1) continue;
    const text = word.slice(cut + 1);
    fields[word.slice(0, cut)] = isWord(text) ? text : jsonOf(text, fail);
  }
  return fields;
}

function isWord(text: string): boolean {
  return BARE.test(text) && !LITERALS.has(text);
}

function jsonOf(text: string, fail: Fail): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail(`${text} is neither a word nor JSON`);
  }
}

/** Spaces part words, but not inside quotes. */
function wordsOf(line: string): string[] {
  return line.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
}
