/** The keys file: anything in it, and never a byte of a key in what is said about it (S16). */
import { parseKeys } from '../../../protocol/wire/keys.ts';
import { base64Of, KEYS_TEXT } from '../../protocol/wire/lib/keys.ts';
import { bytesOf, must, type Target, textOf } from '../lib/target.ts';

/** Of a key, so many letters of base64 are six bytes. */
const TELLING_CHARS = 8;

export const keysTarget: Target = {
  name: 'keys',
  promise:
    'a file that is taken says the same when written anew, and no refusal shows a byte of a key',
  covers:
    /^protocol\/wire\/keys\.ts#(parseKeys|readLine|checkTogether|claim|sendingKids|decodeSecret)$/,
  bytesMax: 512,
  limitMs: 10,
  seeds: [
    KEYS_TEXT,
    `auth host alpha 2\nhost alpha 1 ${base64Of(1)}\nhost alpha 2 ${base64Of(9)} # new`,
  ].map(bytesOf),
  words: [
    'host ',
    'order ',
    'admin ',
    'auth ',
    'alpha',
    ' 1 ',
    ' 65535 ',
    '#',
    '\n',
    '=',
    base64Of(7),
    `\nhost a 1 ${base64Of(8)}`,
    `\nadmin alpha-pcmk 2 ${base64Of(6)}`,
  ].map(bytesOf),
  run: judgeKeys,
};

function judgeKeys(input: Uint8Array): void {
  const text = textOf(input);
  const read = parseKeys(text);
  if (!read.ok) {
    const lines = text.split('\n');
    const secrets = text.match(/[A-Za-z0-9+/]{43}=/g) ?? [];
    for (const { line, problem, remedy } of read.errors) {
      must(line >= 1 && line <= lines.length, 'a problem is on a line that exists');
      must(problem.endsWith('.') && remedy !== '', 'a problem has a remedy');
      // What is an owner's name on its line may be repeated; the key of a line may not.
      const words = (lines[line - 1] ?? '').split(/\s+/);
      for (const secret of secrets.filter((one) => words.indexOf(one) > 2)) {
        const piece = secret.slice(0, TELLING_CHARS);
        must(!`${problem} ${remedy}`.includes(piece), 'no refusal shows a byte of a key');
      }
    }
    return;
  }
  const written = read.keys.flatMap(({ role, owner, kid, sending, secret }) => [
    `${role} ${owner} ${kid} ${Buffer.from(secret()).toString('base64')}`,
    ...(sending ? [`auth ${role} ${owner} ${kid}`] : []),
  ]);
  const again = parseKeys(written.join('\n'));
  must(again.ok, 'a file that is taken is taken when written anew');
  must(JSON.stringify(again.keys) === JSON.stringify(read.keys), 'and means the same');
  const senders = new Set(
    read.keys.filter(({ sending }) => sending).map(({ role, owner }) => `${role} ${owner}`),
  );
  const owners = new Set(read.keys.map(({ role, owner }) => `${role} ${owner}`));
  must(senders.size === owners.size, 'every owner has one key to send with');
}
