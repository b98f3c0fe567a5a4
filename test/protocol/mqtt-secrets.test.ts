/** What opens the broker to us lies in files that nobody else may read, or does not count. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mqttAccess } from '../../protocol/mqtt-secrets.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('secrets of the broker');

const dir = mkdtempSync(join(tmpdir(), 'fencepost-secrets-'));
test.after(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string, mode: number): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const BROKER = { url: 'mqtts://192.0.2.1', protocol: 5 } as const;
const SECRET = 'swordfish';

test('certificates, key and password are read', async () => {
  const access = await mqttAccess({
    ...BROKER,
    ca: file('ca', 'CA', 0o644),
    cert: file('cert', 'CERT', 0o644),
    key: file('key', 'KEY', 0o600),
    user: 'board',
    password: { file: file('password', `${SECRET}\n`, 0o400) },
  });
  const files = { ca: 'CA', cert: 'CERT', key: 'KEY' };
  assert.equal(access, {
    ok: true,
    value: { ...BROKER, ...files, user: 'board', password: SECRET },
  });
});

test('a password or key that others may read is refused with the remedy, and not shown', async () => {
  const password = await mqttAccess({
    ...BROKER,
    user: 'board',
    password: { file: file('open', SECRET, 0o640) },
  });
  const key = await mqttAccess({ ...BROKER, key: file('open-key', SECRET, 0o644) });
  for (const [refused, words] of [
    [password, /^\[mqtt\] password_file.*its mode is 640.*chmod 600/],
    [key, /^\[mqtt\] key: .*its mode is 644.*chmod 600/],
  ] as const) {
    assert.not.ok(refused.ok);
    if (refused.ok) continue;
    assert.match(refused.detail, words);
    assert.not.match(refused.detail, SECRET);
  }
});

test.run();
