/** Fence records: the last 200, over restarts, whatever the disk does. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fenceRecords } from '../../../firmware-agent/drivers/records.ts';
import { FENCE_OUTCOMES, type FenceRecord } from '../../../protocol/wire/view.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('fence records');
const root = mkdtempSync(join(tmpdir(), 'fencepost-records-'));
test.after(() => rmSync(root, { recursive: true }));
let count = 0;

function newDir(): string {
  count += 1;
  return join(root, `dir${count}`);
}

function record(id: number, change: Partial<FenceRecord> = {}): FenceRecord {
  return {
    id,
    host: 'deimos',
    incarnation: 7,
    by: 'verdict',
    startedAt: '2026-01-02T03:04:05.006Z',
    evidence: [
      { channel: 'serial', quietMs: 15_000, provenMs: 15_100, proof: 'far', listening: true },
      { channel: 'mqtt', quietMs: null, provenMs: 0, proof: 'none', listening: false },
    ],
    entries: [{ atMs: 0.5, what: 'cut psu1' }],
    ...change,
  };
}

function files(dir: string): string[] {
  return readdirSync(dir).sort();
}

test('however a fence ended, the next life can read it', async () => {
  const dir = newDir();
  const first = fenceRecords(dir);
  FENCE_OUTCOMES.forEach((outcome, i) => {
    first.put(record(i + 1, { outcome }));
  });
  await first.settled();
  const second = fenceRecords(dir);
  assert.equal(
    second.list().map(({ outcome }) => outcome),
    [...FENCE_OUTCOMES],
  );
});

test('records are listed at once and found again after a restart, oldest first', async () => {
  const dir = newDir();
  const first = fenceRecords(dir);
  first.put(record(1, { host: 'a' }));
  assert.equal(
    first.list().map((one) => one.host),
    ['a'],
  );
  first.put(record(2, { host: 'b' }));
  await first.settled();
  // A life whose state was lost may count its fences from one again.
  const second = fenceRecords(dir);
  second.put(record(1, { host: 'c' }));
  await second.settled();
  const third = fenceRecords(dir);
  assert.equal(third.list(), [
    record(1, { host: 'a' }),
    record(2, { host: 'b' }),
    record(1, { host: 'c' }),
  ]);
});

test('a fence that goes on replaces its own record', async () => {
  const dir = newDir();
  const records = fenceRecords(dir);
  records.put(record(1));
  const done = record(1, { outcome: 'fenced', proof: 'verified', untested: true });
  records.put(done);
  await records.settled();
  assert.equal(fenceRecords(dir).list(), [done]);
  assert.equal(files(dir), ['fence-0000000001.json']);
});

test('a record is kept as it was when it was put', () => {
  const records = fenceRecords(newDir());
  const growing = record(1);
  records.put(growing);
  growing.entries.push({ atMs: 9, what: 'later' });
  assert.is(records.list()[0]?.entries.length, 1);
});

test('until a record lies in its file the state may carry it, and a later life takes it from there', async () => {
  const dir = newDir();
  const killed = fenceRecords(dir);
  const entries = Array.from({ length: 9 }, (_, atMs) => ({ atMs, what: 'told' }));
  killed.put(record(1, { outcome: 'fenced', proof: 'verified', entries }));
  killed.put(record(2, { outcome: 'failed' }));
  const carried = killed.waiting();
  assert.equal(
    carried.map(({ id, outcome, entries: kept }) => [id, outcome, kept.at(-1)?.atMs]),
    [
      [1, 'fenced', 8],
      [2, 'failed', 0.5],
    ],
  );
  assert.is(carried[0]?.entries.length, 4, 'the state has room for the end of it only');
  await killed.settled();
  assert.equal(killed.waiting(), [], 'now they lie there');
  const next = fenceRecords(newDir());
  for (const one of carried) next.restore(one);
  assert.equal(next.waiting(), carried, 'and a second kill does not lose them either');
});

test('a record that changes while it is written waits again', async () => {
  const records = fenceRecords(newDir());
  records.put(record(1, { outcome: 'fenced' }));
  await Promise.resolve();
  records.put(record(1, { outcome: 'fenced', reason: 'and restored' }));
  assert.is(records.waiting()[0]?.reason, 'and restored');
  await records.settled();
  assert.equal(records.waiting(), []);
});

test('what a later life knows of a fence replaces no record of it', async () => {
  const dir = newDir();
  const first = fenceRecords(dir);
  first.put(record(1, { outcome: 'fenced' }));
  await first.settled();
  const second = fenceRecords(dir);
  for (const id of [1, 2, 2]) second.restore(record(id, { outcome: 'interrupted' }));
  await second.settled();
  assert.equal(
    fenceRecords(dir)
      .list()
      .map(({ id, outcome }) => [id, outcome]),
    [
      [1, 'fenced'],
      [2, 'interrupted'],
    ],
  );
});

test('only the last 200 are kept, in memory and on disk', async () => {
  const dir = newDir();
  const records = fenceRecords(dir);
  for (let id = 1; id <= 230; id += 1) records.put(record(id));
  await records.settled();
  assert.equal([records.list().length, records.list()[0]?.id], [200, 31]);
  assert.is(files(dir).length, 200);
  assert.is(fenceRecords(dir).list().at(-1)?.id, 230);
});

test('a record that grew beyond measure keeps its beginning and its end', async () => {
  const dir = newDir();
  const records = fenceRecords(dir);
  const entries = Array.from({ length: 100_000 }, (_, atMs) => ({ atMs, what: 'x'.repeat(900) }));
  records.put(record(1, { entries }));
  await records.settled();
  const [kept] = fenceRecords(dir).list();
  assert.ok(JSON.stringify(kept).length <= 65_536);
  assert.is(kept?.entries[0]?.atMs, 0);
  assert.is(kept?.entries.at(-1)?.atMs, 99_999);
  assert.ok(kept?.entries.some(({ what }) => /entries left out/.test(what)));
});

test('torn, foreign and oversize files are counted and left out', async () => {
  const dir = newDir();
  const first = fenceRecords(dir);
  first.put(record(1));
  await first.settled();
  const name = (number: number) => join(dir, `fence-000000000${number}.json`);
  const good = JSON.stringify(record(1));
  writeFileSync(name(2), good.slice(0, -5));
  writeFileSync(name(3), '{"id":1,"host":5}');
  writeFileSync(name(4), ' '.repeat(100_000));
  writeFileSync(name(5), good.replace('"cut psu1"', '[]'));
  mkdirSync(name(6));
  writeFileSync(join(dir, 'fence-x.json'), good);
  const records = fenceRecords(dir);
  assert.equal([records.list().length, records.counters().unreadable], [1, 5]);
});

test('storage that fails costs the file and nothing else, and is named', async () => {
  const path = newDir();
  writeFileSync(path, 'a file, not a folder');
  const records = fenceRecords(path);
  for (let id = 1; id <= 300; id += 1) records.put(record(id));
  await records.settled();
  assert.is(records.list().length, 200);
  assert.ok(records.counters().unsaved > 0);
  assert.match(records.trouble() ?? '', /EEXIST|ENOTDIR/);
  rmSync(path);
  records.put(record(300, { outcome: 'failed' }));
  await records.settled();
  assert.is(records.trouble(), undefined);
  assert.is(fenceRecords(path).list()[0]?.outcome, 'failed');
});

test.run();
