/** What is told about a file as a whole: syntax, size, places. */
import * as v from 'valibot';
import { durationSchema } from '../../protocol/config-fields.ts';
import { concluded, pathText, readToml, type TomlFile, tell } from '../../protocol/toml.ts';
import { checked, didYouMean } from '../../protocol/toml-check.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('toml files');

function read(text: string): TomlFile {
  const toml = readToml(text, 'x.toml');
  if (!('value' in toml)) throw new Error(toml.problem);
  return toml;
}

test('a syntax error is told with its line and never with the text of the file', () => {
  const texts: [string, number][] = [
    ['a = 1\nb = \n', 2],
    ['a = 1\n\n\nb = "x', 4],
    ['[a]\n[b]\n[a]\n', 3],
    ['a = 1\na = 2', 2],
    ['a = 99999999999999999999', 1],
    ['[secret\n', 1],
    [`a = ${'['.repeat(50)}`, 1],
    ['a = [1\n\n\n', 4],
    ['\r', 1],
    ['a = 1\rb = 2\n', 1],
  ];
  for (const [text, line] of texts) {
    const problem = readToml(text, 'x.toml');
    assert.not('value' in problem, text);
    if ('value' in problem) continue;
    assert.is(problem.line, line, `${text}: ${problem.problem}`);
    assert.not.match(problem.problem, /secret|\n/);
    assert.ok(problem.remedy.length > 0);
  }
});

test('a file that is far too long is refused unread', () => {
  const problem = readToml('#'.repeat(2 ** 22 + 1), '/dev/zero');
  assert.ok(!('value' in problem) && problem.problem.includes('longer'));
});

test('a path reads as it would be written in the file', () => {
  assert.is(
    pathText(['hosts', 'deimos', 'outlets', 0, 'driver']),
    'hosts.deimos.outlets[0].driver',
  );
  assert.is(pathText(['hosts', 'a.b c']), 'hosts."a.b c"');
});

test('the same problem at the same place is told once, and problems come by line', () => {
  const toml = read('a = 1\nb = 2\n');
  tell(toml, ['b'], 'wrong', 'Mend it.');
  tell(toml, ['a'], 'wrong', 'Mend it.');
  tell(toml, ['b'], 'wrong', 'Mend it.');
  const parsed = concluded(toml, 1);
  assert.equal(parsed.ok ? [] : parsed.problems.map((one) => one.path), ['a', 'b']);
});

test('every unknown key is told, at any depth, those of the language included', () => {
  const inner = v.strictObject({ known: v.optional(v.number()) });
  const schema = v.strictObject({ list: v.optional(v.array(inner)), inner: v.optional(inner) });
  const toml = read(
    'constructor = 1\nlisd = 2\n[inner]\nknow = 3\n[[list]]\ntoString = 4\n__proto__ = 5\n',
  );
  assert.is(checked(toml, [], schema, toml.value), undefined);
  const told = toml.problems.map(({ path, line }) => `${line} ${path}`);
  assert.equal(told.sort(), [
    '1 constructor',
    '2 lisd',
    '4 inner.know',
    '6 list[0].toString',
    '7 list[0].__proto__',
  ]);
  const remedies = toml.problems.map(({ remedy }) => remedy).join();
  assert.match(remedies, /Did you mean "list"/);
  assert.match(remedies, /Did you mean "known"/);
});

test('a suggestion is only made where one is near', () => {
  assert.match(didYouMean('deadtme', ['warntime', 'deadtime']), /"deadtime"/);
  assert.match(didYouMean('password', ['password_file']), /"password_file"/);
  assert.is(didYouMean('zebra', ['warntime', 'deadtime']), '');
});

test('a duration is milliseconds, more than none and less than Node can hold', () => {
  const good: [string, number][] = [
    ['15s', 15_000],
    ['250ms', 250],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1.5s', 1_500],
    ['0.5ms', 0.5],
    ['2147483647ms', 2 ** 31 - 1],
    ['596h', 2_145_600_000],
  ];
  for (const [text, ms] of good) assert.is(v.parse(durationSchema, text), ms, text);
  const bad: unknown[] = [
    '0s',
    '0.000s',
    '-1s',
    '+1s',
    '1',
    '1 s',
    ' 1s',
    '1s ',
    '1d',
    's',
    '',
    '1e3s',
    'NaNs',
    'Infinitys',
    '2147483648ms',
    '597h',
    '9999999999h',
    '1,5s',
    '1.s',
    '.5s',
    '0x10s',
    '1S',
    '１s',
    15,
    true,
    null,
    Number.NaN,
    [],
    '1s\n',
  ];
  for (const text of bad) assert.not(v.safeParse(durationSchema, text).success, String(text));
});

test.run();
