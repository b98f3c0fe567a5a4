import { readFileSync } from 'node:fs';
import { GROUP_ANSWER } from '../../../protocol/wire/groups.ts';
import {
  LEAVE_REASON,
  MESSAGES,
  OPERATION,
  OUTCOME,
  PHASE,
  PROOF,
  READING,
  VIEW,
} from '../../../protocol/wire/messages.ts';
import { PRE_ACTION, TIMER_ACTION, TIMER_STATE, TIMER_USE } from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('CDDL');

/** The rules of the file by name, each as one line; enough of CDDL for the form that it keeps to. */
function rulesOf(text: string): Map<string, string> {
  const rules = new Map<string, string>();
  let name = '';
  for (const raw of text.split('\n')) {
    const line = (raw.split(';')[0] ?? '').trim();
    const start = /^([a-z][a-z0-9-]*) = (.*)$/.exec(line);
    if (start !== null) name = start[1] ?? '';
    if (line !== '') rules.set(name, `${rules.get(name) ?? ''} ${start?.[2] ?? line}`.trim());
  }
  return rules;
}

const rules = rulesOf(readFileSync('protocol/wire/fencepost.cddl', 'utf8'));
const ENUMS = {
  'leave-reason': LEAVE_REASON,
  view: VIEW,
  reading: READING,
  phase: PHASE,
  operation: OPERATION,
  outcome: OUTCOME,
  proof: PROOF,
  'group-answer': GROUP_ANSWER,
  'timer-state': TIMER_STATE,
  'timer-use': TIMER_USE,
  'timer-action': TIMER_ACTION,
  'pre-action': PRE_ACTION,
};
const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The table's row as the file would write it, with the named numbers as plain bytes. */
function rowOf(kind: keyof typeof MESSAGES): string {
  const { type, fields, tagBytes } = MESSAGES[kind];
  const members = fields.map(([name, fieldType]) => `${name}: ${fieldType}`);
  return `[ ${[type, ...members, `tag: tag${tagBytes}`].join(', ')} ]`;
}

test('every message of the table is in the file, field by field, and no other', () => {
  const plain = (rule: string): string =>
    Object.keys(ENUMS).reduce((text, name) => text.replaceAll(`: ${name},`, ': u8,'), rule);
  for (const kind of Object.keys(MESSAGES) as (keyof typeof MESSAGES)[]) {
    assert.is(plain(rules.get(kebab(kind)) ?? ''), rowOf(kind));
  }
  const arrays = [...rules].filter(([, rule]) => rule.startsWith('[')).map(([name]) => name);
  assert.equal(arrays, Object.keys(MESSAGES).map(kebab));
  assert.is(rules.get('message'), arrays.join(' / '));
});

test('no type number is used twice', () => {
  const types = Object.values(MESSAGES).map(({ type }) => type);
  assert.is(new Set<number>(types).size, types.length);
});

test('every named number is in the file as in the table', () => {
  for (const [rule, table] of Object.entries(ENUMS)) {
    const members = Object.entries(table).map(([name, value]) => `${name}: ${value}`);
    assert.is(rules.get(rule), `&( ${members.join(', ')} )`, rule);
  }
});

test('the field types have the limits that the codec holds them to', () => {
  assert.equal(
    ['u8', 'u16', 'u32', 'nonce', 'id', 'bytes8', 'bytes16', 'body', 'tag8', 'tag16'].map((name) =>
      rules.get(name),
    ),
    [
      ...['uint .le 255', 'uint .le 65535', 'uint .le 4294967295'],
      ...['bstr .size 8', 'bstr .size 16', 'bstr .size (0..8)', 'bstr .size (0..16)'],
      ...['bstr .size (0..61440)', 'bstr .size 8', 'bstr .size 16'],
    ],
  );
});

test.run();
