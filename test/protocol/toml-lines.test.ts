/** Lines of keys in TOML texts of every form that the reader accepts. */
import { parse } from 'smol-toml';
import { type KeyPath, locateLines } from '../../protocol/toml-lines.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('lines of a TOML text');

/** Every key ends in the number of its line, so that the text checks itself. */
const TEXT = `# a comment with = [ { " '''
top_2 = "a # no comment, [no] table"   # but this is one
'q.uo ted_3' = 'c:\\'
"esc\\u0061pe_4" = """
[no.table]
no = "key"
\\""" still """
after_8.dotted_8 . inner_8 = [ 1, 2,
  { in_9 = 1, nested_9 = { deep_9 = [ # ]
    "x", ] } },
  3,
]
literal_13 = '''
it's ] }
'''
date_16 = "1979-05-27 07:32:00Z"

[table_18]
key_19 = { a_19 = 1, b_19.c_19 = "}" }
[table_18.sub_20] # the parent was defined two lines above
key_21 = ""
[[many_22]]
key_23 = """"quoted""""
  [[many_22.more_24]]
  key_25 = [[1], [ 2 ]]
  [many_22.one_26]
  key_27 = true
[[many_22]]
key_29 = -inf
[[many_22.more_30]]
key_31 = 1
`;

/** Later tables of one array bear the name of the first: their own line is in the list. */
const AGAIN: Record<string, number> = { '["many_22",1]': 28 };

test('every key, in every form, is found in its own line', () => {
  for (const text of [TEXT, TEXT.replaceAll('\n', '\r\n')]) {
    const lineOf = locateLines(text);
    let count = 0;
    for (const path of pathsOf(parse(text), [])) {
      const key = path.findLast((part) => typeof part === 'string') ?? '';
      const line = AGAIN[JSON.stringify(path)] ?? Number(/_(\d+)$/.exec(key)?.[1]);
      if (Number.isInteger(path.at(-1)) && path.length > 1 && /^(after|in|deep|key)/.test(key))
        continue;
      assert.is(lineOf(path), line, `${JSON.stringify(path)}`);
      count += 1;
    }
    assert.ok(count > 30, `only ${count} keys were looked at`);
  }
});

test('members of an array are found in their own lines', () => {
  const lineOf = locateLines('a = [\n  1,\n  # 9,\n  { b = 2 }, 3,\n  "x"]\n');
  const lines = [0, 1, 2, 3].map((index) => lineOf(['a', index]));
  assert.equal(lines, [2, 4, 4, 5]);
  assert.is(lineOf(['a', 1, 'b']), 4);
});

test('an absent key is placed at the nearest table that is there', () => {
  const lineOf = locateLines('\n[a]\nb = 1\n[[c]]\n\n[[c]]\n');
  assert.is(lineOf(['a', 'missing', 'deeper']), 2);
  assert.is(lineOf(['c', 1, 'missing']), 6);
  assert.is(lineOf(['missing']), 1);
  assert.is(lineOf([]), 1);
});

test('a text that is no TOML ends the walk instead of the program', () => {
  let walked = 0;
  for (const start of [
    '[',
    '[[',
    'a',
    'a =',
    '=',
    '"',
    "'''",
    'a = [',
    'a = {',
    '}',
    '{{{',
    '\\',
  ]) {
    for (const end of ['', '\n', ']', '= 1', '\u0000', ',,,']) {
      walked += locateLines(start + end)(['a']) > 0 ? 1 : 0;
    }
  }
  assert.is(walked, 72);
});

function* pathsOf(value: unknown, path: KeyPath): Generator<KeyPath> {
  if (path.length > 0) yield path;
  if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) yield* pathsOf(member, [...path, index]);
  } else if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    for (const [key, member] of Object.entries(value)) yield* pathsOf(member, [...path, key]);
  }
}

test.run();
