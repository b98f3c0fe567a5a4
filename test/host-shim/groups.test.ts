/** What programs of a server are told of groups, and what of it is on disk. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupsEvent } from '../../host-shim/core/groups.ts';
import { groupsFile } from '../../host-shim/drivers/groups-record.ts';
import { leaseFile } from '../../host-shim/drivers/lease-record.ts';
import { type GroupDesk, groupDesk } from '../../host-shim/groups.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { GroupAnswer } from '../../protocol/wire/groups.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('groups at the desk');

const folder = mkdtempSync(join(tmpdir(), 'fencepost-groups-'));
const at = (name: string): string => join(folder, name);
const NAMES = new Map([
  ['db', 5],
  ['web', 6],
]);

interface Site {
  desk: GroupDesk;
  events: string[];
  said: string[];
  /** The core tells what the board says. */
  answer(group: number, answer: GroupAnswer, holder?: number): void;
}

function site(record: (held: readonly number[]) => Result<void> = () => ok(undefined)): Site {
  const events: string[] = [];
  const said: string[] = [];
  const take = ({ kind, group }: GroupsEvent): void => void events.push(`${kind} ${group}`);
  const states = (): ReturnType<Parameters<typeof groupDesk>[0]['states']> => [
    { group: 5, state: 'free' },
    { group: 9, state: 'held' },
  ];
  const say = (_: 'info' | 'warn', sentence: string): void => void said.push(sentence);
  const desk = groupDesk({ names: NAMES, record, take, states, say });
  return {
    desk,
    events,
    said,
    answer: (group, answer, holder = 0) => {
      if (answer === 'granted') desk.carry({ kind: 'hold', held: [group] });
      desk.carry({ kind: 'group', group, answer, holder });
    },
  };
}

const never = (): void => {};

test('who waits for nothing is told the first answer, and his claim is given up', async () => {
  const { desk, events, answer } = site();
  const asked = desk.claim('db', 0, never);
  answer(5, 'held', 2);
  assert.equal(await asked, { group: 'db', answer: 'held', holder: 2 });
  assert.equal(events, ['claim 5', 'unclaim 5']);
});

test('who waits is told when it is granted, and nothing is given up', async () => {
  const { desk, events, answer } = site();
  const asked = desk.claim('db', 60_000, never);
  answer(5, 'held', 2);
  answer(6, 'granted', 1);
  answer(5, 'granted', 1);
  assert.equal(await asked, { group: 'db', answer: 'granted', holder: 1 });
  assert.equal(events, ['claim 5']);
});

test('a program that is gone asks for nothing any more, unless another waits, too', async () => {
  const { desk, events } = site();
  let leave = never;
  let leaveToo = never;
  const one = desk.claim('db', 60_000, (then) => {
    leave = then;
  });
  const two = desk.claim('db', 60_000, (then) => {
    leaveToo = then;
  });
  leave();
  assert.is((await one).answer, 'silent');
  assert.equal(events, ['claim 5', 'claim 5']);
  leaveToo();
  await two;
  assert.equal(events, ['claim 5', 'claim 5', 'unclaim 5']);
});

test('a grant that cannot be remembered is given back, and nobody is told yes', async () => {
  const { desk, events, said, answer } = site(() => failure('enospc', 'no space left'));
  const asked = desk.claim('db', 60_000, never);
  answer(5, 'granted', 1);
  const told = await asked;
  assert.equal([told.answer, /no space left/.test(told.why ?? '')], ['refused', true]);
  assert.equal(events.slice(0, 2), ['claim 5', 'release 5']);
  assert.ok(said.some((line) => /db: given back.*no space left/.test(line)));
});

test('a release ends whoever still asks for the group', async () => {
  const { desk, events, answer } = site();
  const asked = desk.claim('db', 60_000, never);
  const released = desk.release('db');
  assert.is((await asked).why, 'it was released meanwhile');
  answer(5, 'released');
  assert.is((await released).answer, 'released');
  assert.ok(events.includes('release 5'));
});

test('a name that is not in the file is refused; a held number that no longer is can be released', async () => {
  const { desk, events, answer } = site();
  const { answer: is, why } = await desk.claim('mail', 0, never);
  assert.equal([is, /no group mail; its groups are: db, web/.test(why ?? '')], ['refused', true]);
  assert.equal(events, []);
  const released = desk.release('9');
  answer(9, 'released');
  assert.is((await released).answer, 'released');
  assert.equal(desk.list(), [
    { group: 'db', id: 5, state: 'free' },
    { group: '9', id: 9, state: 'held' },
  ]);
});

test('the record of held groups is of one life of the host, and what it cannot read it says', () => {
  const record = groupsFile(at('groups'), 7);
  assert.equal(record.read(), { at: 'none' });
  assert.ok(record.write([5, 6]).ok);
  assert.equal(record.read(), { at: 'read', held: [5, 6] });
  assert.equal(groupsFile(at('groups'), 8).read(), { at: 'read', held: [] });
  const whole = readFileSync(at('groups'), 'utf8');
  for (const spoilt of [
    '',
    whole.slice(0, -3),
    'null',
    '{}',
    '{"life":7}',
    '{"life":7,"held":5}',
    '{"life":7,"held":[0]}',
    '{"life":7,"held":[1.5]}',
    `{"life":7,"held":[${Array.from({ length: 17 }, (_, i) => i + 1)}]}`,
  ]) {
    writeFileSync(at('groups'), spoilt);
    assert.equal(record.read(), { at: 'unreadable' }, spoilt);
  }
  assert.equal(groupsFile(folder, 7).read(), { at: 'unreadable' });
});

test('a lease of another life, or one that is spoilt, is no lease', () => {
  const record = leaseFile(at('lease'), 7);
  assert.is(record.read(), undefined);
  const contact = { askedAt: 5, sleptMs: 1 };
  const lease = { contact, deadlineAt: 9, boardAlone: false };
  assert.ok(record.write(lease).ok);
  assert.equal(record.read(), lease);
  assert.is(leaseFile(at('lease'), 8).read(), undefined);
  writeFileSync(at('lease'), '{"life":7,"askedAt":5}');
  assert.is(record.read(), undefined);
  rmSync(folder, { recursive: true });
});

test.run();
