/** Whatever others say and order, what the board remembers of it has a limit (S14). */
import { endLife } from '../../../firmware-agent/core/board.ts';
import { ORDERS_KEPT_MAX, RECORD_ENTRIES_MAX } from '../../../firmware-agent/core/limits.ts';
import { note } from '../../../firmware-agent/core/record.ts';
import { assert, suite } from '../../lib/suite.ts';
import { outcomes } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('bounds');

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

function hostOf(w: World): NonNullable<ReturnType<typeof find>> {
  const host = find(w);
  if (host === undefined) throw new Error('no alpha');
  return host;
}

const find = (w: World) => w.state.process?.board.hosts.get(1);

test('as many orders as are kept may wait, and the next is busy; refusals find no room either', () => {
  const w = pair();
  for (let i = 0; i < ORDERS_KEPT_MAX; i += 1) {
    const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
    assert.equal(outcomes(w, cmdId), ['accepted']);
  }
  const next = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  assert.equal(outcomes(w, next), ['busy']);
  const refused = w.order({ op: 'fence', host: 'alpha', by: 'operator', ttlMs: 60_000 });
  assert.equal(outcomes(w, refused), ['refused']);
  assert.is(w.state.process?.board.orders.size, ORDERS_KEPT_MAX);
});

test('of what a host said the latest few words are kept, and told in the record of its fence', () => {
  const w = pair();
  w.run(60 * SECOND);
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  const said = hostOf(w).record?.entries ?? [];
  assert.ok(said.length > 0 && said.length <= 8, `${said.length} entries`);
});

test('a record that is full keeps its first lines and its latest', () => {
  const w = pair();
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  const host = hostOf(w);
  const first = host.record?.entries[0]?.what;
  for (let i = 0; i < 2 * RECORD_ENTRIES_MAX; i += 1) note(host, w.now, `line ${i}`);
  const entries = host.record?.entries ?? [];
  assert.is(entries.length, RECORD_ENTRIES_MAX);
  assert.is(entries[0]?.what, first);
  assert.is(entries.at(-1)?.what, `line ${2 * RECORD_ENTRIES_MAX - 1}`);
});

test('of the lives that are over the latest sixteen are known, each once', () => {
  const host = hostOf(pair());
  for (let incarnation = 1; incarnation <= 40; incarnation += 1) {
    for (const darkTick of [1, 2]) endLife(host, { incarnation, darkTick, why: 'replaced' });
  }
  assert.equal(
    host.ended.map(({ incarnation }) => incarnation),
    Array.from({ length: 16 }, (_, i) => 25 + i),
  );
});

test.run();
