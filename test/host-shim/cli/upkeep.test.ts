/** The commands that look back and look into the board: `why ID`, `history`, `doctor`. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { EXIT } from '../../../host-shim/cli/exit-code.ts';
import { fakeDesk, fakeRecord } from '../../lib/fake-desk.ts';
import { assert, suite } from '../../lib/suite.ts';
import { folder, forget, run, runAt } from './lib/command.ts';

const test = suite('doctor and history');

test('why takes the number of a fence, and says where that is not on record', async () => {
  const desk = fakeDesk();
  desk.kept.push({ ...fakeRecord('deimos'), id: 4, by: 'order by anna' });
  assert.match((await run('why deimos', desk)).out, /fence 4, .*It was ordered by anna/s);
  assert.match((await run('why deimos 3', desk)).out, /fence 3, .*The board decided it/s);
  const none = await run('why deimos 17', desk);
  assert.equal([none.code, none.out], [EXIT.done, 'No fence 17 of deimos is on record.\n']);
  assert.is((await run('why deimos 17 --json', desk)).out, 'null\n');
});

test('history shows the last fences, each with its grade and whether that was drilled', async () => {
  const desk = fakeDesk();
  const { proof: _, ...unproven } = fakeRecord('phobos');
  desk.kept.push({
    ...unproven,
    id: 4,
    by: 'order by anna',
    outcome: 'failed',
    reason: 'sense-on',
  });
  const { code, out } = await run('history', desk);
  assert.is(code, EXIT.done);
  const rows = out.split('\n');
  const deimos = rows.find((row) => row.includes('deimos')) ?? '';
  for (const words of [
    '3',
    '2026-01-02T03:04:05',
    'verdict',
    'fenced',
    'verified, untested',
    '2.0 s',
    '2.1 s',
  ]) {
    assert.ok(deimos.includes(words), words);
  }
  const phobos = rows.find((row) => row.includes('phobos')) ?? '';
  assert.match(phobos, /order by anna.*failed.*none.*sense-on/);
  const [last, ...more] = JSON.parse((await run('history --last 1 --json', desk)).out);
  assert.equal([last.id, last.grade, last.untested, more], [4, 'none', true, []]);
  assert.equal(JSON.parse((await run('history deimos --json', desk)).out).length, 1);
  assert.is((await run('history', { ...desk, records: () => [] })).out, 'No fence is on record.\n');
});

test('doctor judges the board and its machine, each finding with its remedy', async () => {
  const desk = fakeDesk();
  desk.facts.storage.refusal = 'EROFS: read-only file system';
  const { code, out } = await run('doctor', desk);
  assert.is(code, EXIT.notDone);
  assert.match(out, /^serial lines\n {2}ok {4}deimos: /);
  assert.match(
    out,
    /storage\n {2}BAD {3}\/var\/lib\/fencepost: nothing can be stored: EROFS.*\n {8}Mount it/,
  );
  assert.match(out, /\d+ bad, \d+ to look at, \d+ ok\n$/);
  const json = JSON.parse((await run('doctor --json', desk)).out);
  assert.equal([json.verdict, json.agent, json.hosts[0].fencedMs], ['bad', 'board1', 7_600]);
  for (const { level, remedy } of json.findings) assert.is(level === 'ok', remedy === undefined);
});

test('doctor ends with 0 where nothing is bad', async () => {
  const desk = fakeDesk();
  desk.facts = { ...desk.facts, serial: [], broker: null };
  for (const host of desk.shown.hosts) host.senses = [];
  const { code, out } = await run('doctor', desk);
  assert.is(code, EXIT.done, out);
  assert.match(out, /^keys[\s\S]*0 bad/);
});

test('doctor without an agent says what can be seen of it, exit 3', async () => {
  const nobody = join(folder, 'nobody.sock');
  const nowhere = await runAt(nobody, `doctor --socket ${nobody}`);
  assert.is(nowhere.code, EXIT.unknown);
  assert.match(nowhere.out, /there is no socket at .*nobody\.sock.*\n {8}Start it/);
  const path = join(folder, 'hangs.sock');
  const mute = createServer((socket) => void socket.on('data', () => socket.destroy()));
  await new Promise<void>((resolve) => mute.listen(path, resolve));
  const hangs = await runAt(path, `doctor --json --socket ${path}`);
  await new Promise((resolve) => mute.close(resolve));
  assert.is(hangs.code, EXIT.unknown);
  assert.match(
    JSON.parse(hangs.out).findings[0].text,
    /a process listens on .* and does not answer/,
  );
});

test.after(forget);
test.run();
