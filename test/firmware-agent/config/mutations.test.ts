/** Fault table, row 32: every key of the example, spoilt in every way, is refused or harmless. */
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { pathText } from '../../../protocol/toml.ts';
import { flawOf, mutations, type Way } from '../../lib/config-mutations.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('mutations of agent.example.toml');
const file = 'agent.example.toml';
const text = readFileSync(`firmware-agent/config/${file}`, 'utf8');

/** What changes the meaning and is accepted all the same, with the reason why that is harmless. */
const HARMLESS: [path: RegExp, way: Way, reason: string][] = [
  [/^mqtt\.ca$/, 'absent', 'the certificates that the system trusts are used'],
  [/^agent\.match_hold$/, 'absent', 'whoever lost a match may strike back, as without the option'],
  [/^hosts\.deimos\.sick$/, 'absent', 'a sick host is told of and not judged for it'],
  [/^hosts\.deimos\.sicktime$/, 'absent', 'its default holds'],
  [/^alert$/, 'absent', 'nobody is called; events are in the log and on MQTT'],
  [/^orderers$/, 'absent', 'nobody may order over MQTT'],
  [/^orderers\.\w+$/, 'absent', 'one less may order'],
  [/^groups(\.db)?$/, 'absent', 'a shim that claims it is refused'],
  [/^hosts\.deimos\.fate$/, 'absent', 'what is shared is unknown, and silence still needs proof'],
  [/^hosts\.\w+\.serial\.adapter$/, 'absent', 'less counts as proof, nothing more'],
  [/^hosts\.deimos\.(deadtime|initdead|off_hold|drain)$/, 'absent', 'that of [timing] holds'],
  [/^hosts\.\w+\.pulses$/, 'absent', 'no pulse can be ordered, and no timer needs one'],
  [/^hosts\.\w+\.pulses$/, 'zero', 'the same'],
  [/^hosts\.phobos\.timer$/, 'absent', 'a host need not have a timer'],
  [/\.name$/, 'absent', 'outlets and senses are numbered; a sense that names one is refused'],
  [/^agent\.name$/, 'negative', 'a name may be "-1"'],
  [/\.(name|plug|adapter|chip|line)$/, 'negative', 'a label may be "-1"'],
  [/\.bias$/, 'absent', 'the pull of the line stays as it is'],
  [
    /\.debounce$/,
    'absent',
    'the level counts as it is; the hold does not bear bouncing either way',
  ],
  [/\.pulses\[0\]\.length$/, 'absent', 'a pulse has its usual length'],
  [/\.line$/, 'wrong type', 'a line has a name or an offset'],
  [/\.pulses\[0\]\.line$/, 'zero', 'a chip has a line 0'],
  [/\.fate\[0\]$/, 'negative', 'a label may be "-1"'],
  [/^mqtt\.user$/, 'negative', 'a user may be called "-1"'],
  [/^alert\.command\[\d\]$/, 'zero', 'an argument may be empty'],
  [/^alert\.command\[\d\]$/, 'negative', 'an argument may be "-1"'],
];

test('the example is accepted as it is, without a warning', () => {
  const parsed = parseAgentConfig(text, file);
  assert.equal(parsed.ok ? parsed.warnings : parsed.problems, []);
});

test('every spoilt key is refused with line and remedy, or harmless', () => {
  const original = parseAgentConfig(text, file);
  const used = new Set<unknown>();
  const flaws: string[] = [];
  let count = 0;
  for (const mutation of mutations(parse(text))) {
    count += 1;
    const parsed = parseAgentConfig(mutation.text, file);
    const flaw = flawOf(mutation, parsed);
    if (flaw === undefined) continue;
    const same = parsed.ok && original.ok && isSame(parsed.config, original.config);
    if (same) continue;
    const place = pathText(mutation.path);
    const reason = HARMLESS.find(([path, way]) => path.test(place) && way === mutation.way);
    if (parsed.ok && reason !== undefined) used.add(reason);
    else flaws.push(`${place}, ${mutation.way}: ${flaw}`);
  }
  assert.equal(flaws, []);
  assert.ok(count > 500, `only ${count} mutations`);
  const idle = HARMLESS.filter((entry) => !used.has(entry)).map(([path, way]) => `${path} ${way}`);
  assert.equal(idle, [], 'every exception is needed');
});

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

test.run();
