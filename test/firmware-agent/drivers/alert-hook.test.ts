/** The alert command: gets the event, and can neither hang nor flood the board. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AlertHookDriver, alertHook } from '../../../firmware-agent/drivers/alert-hook.ts';
import { assert, suite } from '../../lib/suite.ts';
import { until } from '../../lib/until.ts';

const test = suite('alert hook');
const dir = mkdtempSync(join(tmpdir(), 'fencepost-hook-'));
test.after(() => rmSync(dir, { recursive: true }));
let count = 0;

function newPath(): string {
  count += 1;
  return join(dir, `out${count}`);
}

function hookOf(script: string, timeLimitMs = 5_000): { hook: AlertHookDriver; said: string[] } {
  const said: string[] = [];
  const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
  const command = script.startsWith('/') ? [script] : ['/bin/sh', '-c', script];
  return { hook: alertHook({ command, timeLimitMs }, log as never), said };
}

test('the command gets each event as a line of JSON, one after the other', async () => {
  const out = newPath();
  const { hook, said } = hookOf(`cat >> ${out}`);
  for (let n = 1; n <= 5; n += 1) hook.offer({ kind: 'fenced', n });
  const text = await until('five events', () => {
    const seen = existsSync(out) ? readFileSync(out, 'utf8') : '';
    return seen.split('\n').length === 6 && seen;
  });
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    events.map((event) => event.n),
    [1, 2, 3, 4, 5],
  );
  assert.equal(said, []);
});

test('a command that hangs is killed with its children when its time is over', async () => {
  const out = newPath();
  const { hook, said } = hookOf(`sleep 600 & echo $! > ${out}; wait`, 300);
  hook.offer({});
  await until('the failure is told', () => said.length > 0);
  assert.match(said[0] ?? '', /took longer than 300 ms and was killed/);
  const pid = readFileSync(out, 'utf8').trim();
  await until('the child is gone', () => {
    const stat = existsSync(`/proc/${pid}/stat`)
      ? readFileSync(`/proc/${pid}/stat`, 'utf8')
      : ' Z ';
    return stat.includes(' Z ');
  });
  assert.is(hook.counters().failed, 1);
});

test('a failure is told once, and so is its end', async () => {
  const flag = newPath();
  const { hook, said } = hookOf(`test -e ${flag} || { test ! -e ${flag}x; exit 3; }`);
  for (let n = 0; n < 4; n += 1) hook.offer({ n });
  await until('four runs', () => hook.counters().failed === 4);
  assert.is(said.length, 1);
  assert.match(said[0] ?? '', /ended with exit code 3\. Run it by hand/);
  const { hook: good, said: goodSaid } = hookOf(`if mkdir ${flag} 2>/dev/null; then exit 1; fi`);
  good.offer({});
  good.offer({});
  await until('two runs', () => goodSaid.length === 2);
  assert.match(goodSaid[1] ?? '', /works again/);
});

test('a command that is not there, or does not read its input, harms nobody', async () => {
  const { hook, said } = hookOf('/nowhere/mail');
  hook.offer({});
  await until('the failure is told', () => said.length > 0);
  assert.match(said[0] ?? '', /cannot be started: ENOENT/);
  const { hook: deaf, said: deafSaid } = hookOf('exec <&-; exit 0');
  deaf.offer({ text: 'x'.repeat(1_000_000) });
  deaf.offer({});
  await until('both have run', () => deaf.counters().run === 2);
  assert.equal(deafSaid, []);
});

test('what waits is bounded, and closing ends it all', async () => {
  const { hook, said } = hookOf('sleep 600');
  for (let n = 0; n < 100; n += 1) hook.offer({ n });
  assert.equal(hook.counters(), { run: 1, dropped: 67, failed: 0 });
  hook.close();
  hook.offer({});
  assert.is(hook.counters().run, 1);
  assert.equal(said, []);
});

test.run();
