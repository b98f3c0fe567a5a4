/** S15: a group of resources is granted to one host at a time, and only where nobody else may hold it. */
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { viewBoard } from '../../../firmware-agent/core/view.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms, outcomes } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('groups of resources');
const DB = 5;
const WEB = 6;

/** Three hosts that are heard; db is a group of alpha and beta, web of beta and gamma. */
function trio(differs: Partial<HostSettings> = {}): World {
  const hosts = ['alpha', 'beta', 'gamma'].map((name, n) => guarded(n + 1, name, differs));
  const groups = [
    { group: DB, name: 'db', hosts: [1, 2] },
    { group: WEB, name: 'web', hosts: [2, 3] },
  ];
  const w = world({ hosts, board: { groups } });
  w.run(3 * SECOND);
  return w;
}

/** The same after each has said that it holds nothing. */
function reported(): World {
  const w = trio();
  for (const name of ['alpha', 'beta', 'gamma']) w.word(name, 'claim', { turn: 10 });
  w.run(100);
  return w;
}

/** What was answered since: `group answer holder`, on whichever channel it came first. */
function said(w: World, since: number): string[] {
  const all = w.state.told.flatMap(({ at, effect }) =>
    at >= since && effect.kind === 'tell-group'
      ? [`${effect.to.host}: ${effect.group} ${effect.answer} ${effect.holder}`]
      : [],
  );
  return [...new Set(all)];
}

function ask(
  w: World,
  name: string,
  word: { turn: number; group: number; held?: number[] },
): string {
  const since = w.now;
  w.word(name, 'claim', word);
  w.run(100);
  const [only, ...more] = said(w, since);
  assert.equal(more, []);
  return only?.slice(3) ?? 'no answer';
}

function holders(w: World, group: number): string[] {
  const board = w.state.process?.board;
  if (board === undefined) return [];
  return viewBoard(board, w.now).groups?.find((one) => one.group === group)?.holders ?? [];
}

test('nothing is granted until every other host of the group has reported', () => {
  const w = trio();
  assert.is(ask(w, 'alpha', { turn: 1, group: DB }), `${DB} waiting 2`);
  w.word('beta', 'claim', { turn: 1 });
  w.run(100);
  assert.is(ask(w, 'alpha', { turn: 2, group: DB }), `${DB} granted 1`);
  assert.is(ask(w, 'gamma', { turn: 1, group: WEB }), `${WEB} granted 3`);
});

test('one host at a time holds a group, and the other is told which', () => {
  const w = reported();
  assert.is(ask(w, 'alpha', { turn: 11, group: DB }), `${DB} granted 1`);
  assert.is(ask(w, 'beta', { turn: 11, group: DB }), `${DB} held 1`);
  assert.is(ask(w, 'beta', { turn: 12, group: WEB }), `${WEB} granted 2`);
  assert.is(ask(w, 'alpha', { turn: 12, group: DB, held: [DB] }), `${DB} granted 1`);
  assert.equal([holders(w, DB), holders(w, WEB)], [['alpha'], ['beta']]);
});

test('a host that is no host of the group, and a group that nobody knows, are refused', () => {
  const w = reported();
  assert.is(ask(w, 'gamma', { turn: 11, group: DB }), `${DB} refused 0`);
  assert.is(ask(w, 'gamma', { turn: 12, group: 99 }), '99 refused 0');
});

test('a release frees, and only that group; the board says it again to whoever repeats it', () => {
  const w = reported();
  ask(w, 'beta', { turn: 11, group: DB });
  ask(w, 'beta', { turn: 12, group: WEB, held: [DB] });
  for (const turn of [13, 14]) {
    const since = w.now;
    w.word('beta', 'release', { turn, group: DB });
    w.run(100);
    assert.equal(said(w, since), [`2: ${DB} released 0`]);
  }
  assert.equal([holders(w, DB), holders(w, WEB)], [[], ['beta']]);
  assert.is(ask(w, 'alpha', { turn: 11, group: DB }), `${DB} granted 1`);
});

test('a report that lists less frees nothing, and is answered with what it left out', () => {
  const w = reported();
  ask(w, 'beta', { turn: 11, group: DB });
  ask(w, 'beta', { turn: 12, group: WEB, held: [DB] });
  assert.is(ask(w, 'beta', { turn: 13, group: 0 }), `${DB} granted 2`);
  assert.is(ask(w, 'beta', { turn: 14, group: 0, held: [DB] }), `${WEB} granted 2`);
  assert.is(ask(w, 'beta', { turn: 15, group: 0, held: [DB, WEB] }), '0 reported 0');
  assert.is(ask(w, 'alpha', { turn: 11, group: DB }), `${DB} held 2`);
});

test('a host that falls silent holds on until it is proven off; then the other is granted', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  w.hang('alpha');
  w.run(10 * SECOND);
  assert.is(ask(w, 'beta', { turn: 11, group: DB }), `${DB} held 1`);
  w.untilNews('cut', 'alpha', 20 * SECOND);
  assert.is(ask(w, 'beta', { turn: 12, group: DB }), `${DB} held 1`);
  w.untilNews('fenced', 'alpha', 20 * SECOND);
  assert.is(ask(w, 'beta', { turn: 13, group: DB }), `${DB} granted 2`);
});

test('a fence that failed frees nothing', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  for (const relay of w.machine('alpha').relays) relay.fault = 'welded';
  w.hang('alpha');
  w.untilNews('failed', 'alpha', 60 * SECOND);
  w.run(5 * SECOND);
  assert.is(ask(w, 'beta', { turn: 11, group: DB }), `${DB} held 1`);
  const args = { reason: 'unplugged', override: true } as const;
  const cmdId = w.order({ op: 'ack', host: 'alpha', by: 'operator', args });
  w.run(60 * SECOND);
  assert.ok(outcomes(w, cmdId).includes('done'));
  assert.is(ask(w, 'beta', { turn: 12, group: DB }), `${DB} granted 2`);
});

test('leaving gives no right to take over, and none to claim; LEFT frees', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  w.leave('alpha', 'leaving');
  w.run(SECOND);
  assert.is(ask(w, 'beta', { turn: 11, group: DB }), `${DB} held 1`);
  assert.is(ask(w, 'alpha', { turn: 12, group: DB }), `${DB} refused 0`);
  w.run(SECOND);
  w.leave('alpha', 'left');
  w.run(100);
  assert.is(ask(w, 'beta', { turn: 12, group: DB }), `${DB} granted 2`);
});

test('a LEFT that was sent before a grant, and comes after it, frees nothing', () => {
  const w = reported();
  w.hoard('alpha', 'mqtt');
  w.leave('alpha', 'left', {});
  // The board heard it on the line; a shim that starts again has new sessions there.
  w.run(100);
  delete w.path('alpha', 'serial').session;
  w.run(3 * SECOND);
  assert.is(ask(w, 'alpha', { turn: 20, group: DB }), `${DB} granted 1`);
  w.release('alpha', 'mqtt');
  w.run(100);
  assert.equal(holders(w, DB), ['alpha']);
});

test('a new life of a host holds nothing of what the old one held', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  const alpha = w.machine('alpha');
  alpha.start += 1;
  alpha.incarnation = 4_711;
  w.run(5 * SECOND);
  assert.equal(holders(w, DB), []);
  assert.is(ask(w, 'beta', { turn: 11, group: DB }), `${DB} granted 2`);
});

test('words of a lower turn do nothing, and those of the same turn are answered alike', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  w.word('alpha', 'release', { turn: 12, group: DB });
  w.run(100);
  assert.is(ask(w, 'alpha', { turn: 11, group: DB }), 'no answer');
  assert.is(ask(w, 'alpha', { turn: 11, group: 0, held: [DB] }), 'no answer');
  assert.equal(holders(w, DB), []);
  const since = w.now;
  w.word('alpha', 'claim', { turn: 13, group: DB, channel: 'serial' });
  w.run(100);
  w.word('alpha', 'claim', { turn: 13, group: DB, channel: 'mqtt' });
  w.run(100);
  assert.equal(said(w, since), [`1: ${DB} granted 1`]);
  assert.is(w.told((e) => e.kind === 'tell-group').filter(({ at }) => at >= since).length, 2);
});

test('an overtaken release does not free what was granted after it', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  w.hoard('alpha', 'mqtt');
  w.word('alpha', 'release', { turn: 12, group: DB });
  w.run(100);
  assert.is(ask(w, 'alpha', { turn: 13, group: DB }), `${DB} granted 1`);
  w.release('alpha', 'mqtt');
  w.run(100);
  assert.equal(holders(w, DB), ['alpha']);
});

test('a stale claim is not granted; what it lists is held, and it counts as no report', () => {
  const w = trio();
  for (const name of ['alpha', 'beta']) {
    w.cable(name, 'serial', 'broken', 'down');
    w.cable(name, 'mqtt', 'broken', 'down');
  }
  w.run(8 * SECOND);
  const since = w.now;
  w.word('beta', 'claim', { turn: 1, group: WEB, held: [DB] });
  w.run(100);
  assert.equal(said(w, since), []);
  assert.equal([holders(w, DB), holders(w, WEB)], [['beta'], []]);
  for (const name of ['alpha', 'beta']) {
    w.cable(name, 'serial', 'whole');
    w.cable(name, 'mqtt', 'whole');
  }
  w.run(3 * SECOND);
  assert.is(ask(w, 'gamma', { turn: 1, group: WEB }), `${WEB} waiting 2`);
  assert.is(ask(w, 'alpha', { turn: 1, group: DB }), `${DB} held 2`);
});

test('after a restart of the agent nothing is known: all report anew, or end by proof', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  w.hang('alpha');
  w.run(100);
  w.crash();
  w.start();
  w.run(3 * SECOND);
  assert.is(ask(w, 'beta', { turn: 20, group: DB }), `${DB} waiting 1`);
  w.run(200 * SECOND);
  assert.is(ask(w, 'beta', { turn: 21, group: DB }), `${DB} waiting 1`);
  const cmdId = w.order({ op: 'fence', host: 'alpha' });
  w.run(30 * SECOND);
  assert.ok(outcomes(w, cmdId).includes('done'));
  assert.is(ask(w, 'beta', { turn: 22, group: DB }), `${DB} granted 2`);
});

test('a holder that the agent has forgotten is known again by its report', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  w.crash();
  w.start();
  w.run(3 * SECOND);
  assert.is(ask(w, 'alpha', { turn: 20, group: 0, held: [DB] }), '0 reported 0');
  assert.is(ask(w, 'beta', { turn: 20, group: DB }), `${DB} held 1`);
});

test('even the holder waits, where nobody knows what the others hold', () => {
  const w = trio();
  assert.is(ask(w, 'alpha', { turn: 1, group: DB, held: [DB] }), `${DB} waiting 2`);
});

test('two hosts that list one group raise the alarm, and nobody is granted it', () => {
  const w = reported();
  ask(w, 'alpha', { turn: 11, group: DB });
  assert.is(ask(w, 'beta', { turn: 11, group: 0, held: [DB] }), '0 reported 0');
  assert.ok(
    alarms(w, 'alpha').includes('two-holders') && alarms(w, 'beta').includes('two-holders'),
  );
  assert.is(ask(w, 'alpha', { turn: 12, group: DB, held: [DB] }), `${DB} held 2`);
  assert.is(ask(w, 'beta', { turn: 12, group: DB, held: [DB] }), `${DB} held 1`);
  w.word('beta', 'release', { turn: 13, group: DB });
  w.run(100);
  assert.not.ok(alarms(w, 'alpha').includes('two-holders'));
  assert.is(ask(w, 'alpha', { turn: 13, group: DB, held: [DB] }), `${DB} granted 1`);
});

test('a host that is a victim, or frozen, is granted nothing', () => {
  const w = reported();
  w.order({ op: 'fence', host: 'alpha' });
  w.run(20);
  w.word('alpha', 'claim', { turn: 11, group: DB });
  w.run(20);
  assert.equal(holders(w, DB), []);
  const f = reported();
  const alpha = f.state.process?.board.hosts.get(1);
  if (alpha !== undefined) alpha.frozen = { why: 'test', since: f.now };
  assert.is(ask(f, 'alpha', { turn: 11, group: DB }), `${DB} refused 0`);
});

test('while a host of the group hears two agents, nobody is granted it', () => {
  const w = reported();
  w.machine('beta').twoAgents = true;
  w.run(2 * SECOND);
  assert.is(ask(w, 'alpha', { turn: 11, group: DB }), `${DB} refused 0`);
});

test('what is granted, freed and refused is told once, with the way out', () => {
  const w = trio();
  for (const turn of [1, 2, 3]) ask(w, 'alpha', { turn, group: DB });
  assert.is(w.news('group', 'alpha').length, 1);
  ask(w, 'beta', { turn: 1, group: 0 });
  for (const turn of [4, 5]) ask(w, 'alpha', { turn, group: DB });
  for (const turn of [2, 3]) ask(w, 'beta', { turn, group: DB });
  w.word('alpha', 'release', { turn: 6, group: DB });
  w.run(100);
  const texts = w.news('group').map(({ effect }) => (effect.kind === 'news' ? effect : undefined));
  assert.equal(
    texts.map((news) => news?.text),
    [
      'group db is not granted to it: nobody knows what beta holds',
      'group db is granted to it',
      'group db is not granted to it: alpha holds it',
      'it holds group db no more: it released it',
    ],
  );
  assert.match(texts[0]?.remedy ?? '', /shim.*fencepost fence beta/);
  assert.match(texts[2]?.remedy ?? '', /release it there.*fencepost fence alpha/);
});

test('where no group is configured, words about groups are answered and nothing is kept', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(3 * SECOND);
  assert.is(ask(w, 'alpha', { turn: 1, group: DB, held: [DB] }), `${DB} refused 0`);
  assert.is(ask(w, 'alpha', { turn: 2, group: 0, held: [DB] }), '0 reported 0');
  const board = w.state.process?.board;
  assert.is(board?.hosts.get(1)?.groups, undefined);
  assert.not.ok(board !== undefined && 'groups' in viewBoard(board, w.now));
});

test.run();
