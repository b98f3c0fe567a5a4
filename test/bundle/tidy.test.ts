/** Every rule of bundle/tidy must refuse a bad example and pass its good twin, or it guards nothing. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: source text is the data here.
import { layering, strangersAtTop } from '../../bundle/tidy/layers.ts';
import { maskCode } from '../../bundle/tidy/mask.ts';
import * as rules from '../../bundle/tidy/rules.ts';
import type { Rule } from '../../bundle/tidy/source.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('tidy');

type Case = [rule: Rule, path: string, text: string];

const CORE = 'firmware-agent/core/liveness.ts';
const DRIVER = 'firmware-agent/drivers/relay.ts';
const SHIM = 'host-shim/shell.ts';
const WIRE = 'protocol/wire/codec.ts';
const longText = (lines: number): string => '// line\n'.repeat(lines);
// Written in two parts, so that the project's own check does not find them in this file.
const home = ['', 'work', 'main'].join('/');
const elsewhere = ['..', 'shared', 'style.md'].join('/');
const registryHost = `https://${'registry'}.example.org/mqtt.tgz`;

const REFUSED: Record<string, Case> = {
  'chance in a core': [rules.noChanceInCores, CORE, 'const jitter = Math.random();'],
  'chance in a template in the wire': [rules.noChanceInCores, WIRE, 'f(`id ${Math.random()}`);'],
  'a timer in a driver': [rules.timersInOnePlace, DRIVER, 'setTimeout(cut, 5);'],
  'a timer of a socket': [rules.timersInOnePlace, SHIM, 'socket.setTimeout(5);'],
  'a timer by another door': [
    rules.timersInOnePlace,
    SHIM,
    "import { setTimeout } from 'node:timers/promises';",
  ],
  'catch as a statement': [rules.catchInOnePlace, DRIVER, 'try { cut(); } catch { leave(); }'],
  'catch as a method': [rules.catchInOnePlace, SHIM, 'send().catch(noop);'],
  'a default export': [rules.noHiddenShapes, DRIVER, 'export default relay;'],
  'an enum': [rules.noHiddenShapes, 'test/lib/play.ts', 'enum Level { on, off }'],
  'a class': [rules.noHiddenShapes, 'bundle/x.mjs', 'export class Relay {}'],
  'a class without a name': [rules.noHiddenShapes, DRIVER, 'return new (class { a = 1; })();'],
  'a file of 401 lines': [rules.shortFiles, DRIVER, longText(401)],
  'a file without a header': [rules.headerFirst, DRIVER, "import x from './x.ts';"],
  'uvu by itself': [rules.uvuInOnePlace, 'test/core/x.test.ts', "import { suite } from 'uvu';"],
  'assert of uvu': [rules.uvuInOnePlace, 'test/x.test.ts', "import { ok } from 'uvu/assert';"],
  'a path of one machine': [rules.noWorkplaceWords, 'README.md', `see ${home}/README.md`],
  'a path outside': [rules.noWorkplaceWords, 'README.md', `see ${elsewhere}`],
  'a registry host': [rules.noWorkplaceWords, 'package-lock.json', `"${registryHost}"`],
  'a resolved field': [rules.noWorkplaceWords, 'package-lock.json', `"${'resolved'}": "x.tgz"`],
  'the wire importing the link': [layering, WIRE, "import { a } from '../link/serial.ts';"],
  'protocol importing the agent': [
    layering,
    'protocol/order-client.ts',
    "import { a } from '../firmware-agent/shell.ts';",
  ],
  'a core importing a driver': [layering, CORE, "import { a } from '../drivers/relay.ts';"],
  'a core importing the link': [
    layering,
    CORE,
    "import { a } from '../../protocol/link/serial.ts';",
  ],
  'the agent importing the shim': [
    layering,
    DRIVER,
    "import { a } from '../../host-shim/shell.ts';",
  ],
  'the shim importing the agent': [
    layering,
    SHIM,
    "import { a } from '../firmware-agent/shell.ts';",
  ],
  'anyone importing a test': [layering, SHIM, "import { a } from '../test/lib/play.ts';"],
  'a late import of a test': [layering, SHIM, "await import('../test/lib/play.ts');"],
  'an import over many lines': [layering, SHIM, "import {\n  a,\n} from '../test/lib/play.ts';"],
};

const PASSED: Record<string, Case> = {
  'chance outside a core': [rules.noChanceInCores, SHIM, 'const jitter = Math.random();'],
  'words about chance': [rules.noChanceInCores, CORE, '// No Math.random here.\n"Math.random"'],
  'a timer at home': [rules.timersInOnePlace, 'protocol/link/timers.ts', 'setTimeout(f, 5);'],
  'a timer in a test': [rules.timersInOnePlace, 'test/lib/bench/main.ts', 'setTimeout(f, 5);'],
  'words about a timer': [rules.timersInOnePlace, DRIVER, '/* setTimeout */ f("setInterval");'],
  'catch in attempt.ts': [
    rules.catchInOnePlace,
    'firmware-agent/drivers/attempt.ts',
    'try { f(); } catch {}',
  ],
  'catch in a test': [rules.catchInOnePlace, 'test/lib/x.ts', 'try { f(); } catch {}'],
  'words about catch': [rules.catchInOnePlace, DRIVER, "// catch\nf('catch', /catch/);"],
  'a named export': [rules.noHiddenShapes, DRIVER, 'export const enumerate = { class: 1 };'],
  'a file of 400 lines': [rules.shortFiles, DRIVER, longText(400)],
  'a file with a header': [rules.headerFirst, DRIVER, '/** Relays stick; so we read back. */\n'],
  'a program with a header': [rules.headerFirst, SHIM, '#!/usr/bin/env node\n// Why.\n'],
  'a test without a header': [rules.headerFirst, 'test/x.test.ts', 'test.run();'],
  'words about uvu': [rules.uvuInOnePlace, 'test/x.test.ts', `f("from 'uvu'");`],
  'our suite': [rules.uvuInOnePlace, 'test/x.test.ts', "import { suite } from './lib/suite.ts';"],
  'the word work': [rules.noWorkplaceWords, 'README.md', 'how it works: network/workers'],
  'a funding address': [
    rules.noWorkplaceWords,
    'package-lock.json',
    '"url": "https://opencollective.com/biome"',
  ],
  'the wire importing itself': [layering, WIRE, "import { a } from './frame.ts';"],
  'a core importing the wire': [
    layering,
    CORE,
    "import { a } from '../../protocol/wire/frame.ts';",
  ],
  'the agent importing the link': [
    layering,
    DRIVER,
    "import { a } from '../../protocol/link/serial.ts';",
  ],
  'a test importing anything': [
    layering,
    'test/core/x.test.ts',
    "import { a } from '../../host-shim/shell.ts';",
  ],
  'a package': [layering, DRIVER, "import { connect } from 'mqtt';"],
  'words about an import': [layering, SHIM, "// import { a } from '../test/lib/play.ts';"],
};

for (const [title, [rule, path, text]] of Object.entries(REFUSED)) {
  test(`${title} is refused`, () => assert.ok(rule({ path, text }).length > 0));
}

for (const [title, [rule, path, text]] of Object.entries(PASSED)) {
  test(`${title} passes`, () => assert.equal(rule({ path, text }), []));
}

test('every rule is among those that are run', () => {
  const written = Object.values(rules).filter((value) => typeof value === 'function');
  assert.is(rules.RULES.length, written.length);
});

test('a finding names the line and what to do', () => {
  const [finding] = rules.timersInOnePlace({ path: DRIVER, text: '// why\n\nsetTimeout(f);\n' });
  assert.is(finding?.line, 3);
  assert.match(finding?.what ?? '', /use the functions of that file/);
});

test('a name that does not belong at the top is refused', () => {
  const found = strangersAtTop(['src/x.ts', 'README.md', '.ci/run', 'test/x.test.ts']);
  assert.equal(
    found.map(({ path }) => path),
    ['src'],
  );
});

test('masking keeps code and positions, and blanks the rest', () => {
  const cases: [text: string, masked: string][] = [
    ['a / b / c', 'a / b / c'],
    ["f('it\\'s', x)", "f('     ', x)"],
    ['x = /[/"]+/g; y', 'x = /     /g; y'],
    ['`a ${b} c` + d', '`  ${b}  ` + d'],
    ['`${f({ a: `in` })}!`', '`${f({ a: `  ` })} `'],
    ['a; // b\nc', 'a;     \nc'],
    ['a /* b\n */ c', 'a     \n    c'],
  ];
  for (const [text, masked] of cases) assert.is(maskCode(text), masked);
});

test.run();
