/** What a shim says and believes of groups of resources, whatever of it is lost, late or forgotten. */
import {
  hearGroups,
  heldGroups,
  newGroups,
  nextGroupWord,
  wishGroup,
} from '../../../host-shim/core/groups.ts';
import { assert, suite } from '../../lib/suite.ts';
import { type GroupAnswers, makeWorld, type World } from './world.ts';

const test = suite('shim and groups');
const DB = 5;
const WEB = 6;
const T_MS = 1_000;

const shimWith = (seed: number): World => {
  const world = makeWorld(seed, undefined, [DB, WEB]);
  world.run(3_000);
  return world;
};

/** Words about groups that the board opened since then, each turn once. */
function words(world: World, sinceMs = 0): string[] {
  const turns = new Map<number, string>();
  for (const { atMs, what } of world.opened) {
    if (atMs < sinceMs || (what.kind !== 'claim' && what.kind !== 'release')) continue;
    const held = what.kind === 'claim' ? ` [${what.held.join(' ')}]` : '';
    turns.set(what.turn, `${what.kind} ${what.group}${held}`);
  }
  return [...turns.values()];
}

/** What it told its own host since then. */
function told(world: World, sinceMs = 0): string[] {
  return world.ofGroups
    .filter(({ atMs }) => atMs >= sinceMs)
    .map((it) =>
      it.kind === 'hold'
        ? `on disk [${it.held.join(' ')}]`
        : it.kind === 'found'
          ? `found ${it.group}`
          : `${it.answer} ${it.group}`,
    );
}

const mute: GroupAnswers = ({ group }) =>
  group === 0 ? { group, answer: 'reported', holder: 0 } : undefined;
const held: GroupAnswers = ({ group }) =>
  group === 0 ? { group, answer: 'reported', holder: 0 } : { group, answer: 'held', holder: 2 };
const truthful: GroupAnswers = ({ kind, group }) => {
  const answer = kind === 'release' ? 'released' : group === 0 ? 'reported' : 'granted';
  return { group, answer, holder: 0 };
};

test('each new session begins with a report, repeated until it is answered', () => {
  const world = makeWorld(1, undefined, [DB]);
  world.answers = () => undefined;
  world.run(3_600);
  const asked = words(world);
  assert.ok(asked.length >= 3 && asked.every((word) => word === 'claim 0 []'), asked.join());
  world.answers = truthful;
  world.run(2_000);
  const from = world.nowMs();
  world.run(10_000);
  assert.equal(words(world, from), []);
  world.restartBoard(100);
  world.run(10_000);
  assert.ok(words(world, from).length > 0);
});

test('without groups in its configuration it says nothing of them', () => {
  const world = makeWorld(2);
  world.run(5_000);
  assert.equal([words(world), told(world)], [[], []]);
});

test('what is granted lies on disk before anybody hears of it', () => {
  const world = shimWith(3);
  const from = world.nowMs();
  world.group('claim', DB);
  world.run(100);
  assert.equal(told(world, from), [`on disk [${DB}]`, `granted ${DB}`]);
  assert.equal(words(world, from), [`claim ${DB} []`]);
});

test('a claim is repeated with a larger turn while the answer is another', () => {
  const world = shimWith(4);
  world.answers = held;
  const from = world.nowMs();
  world.group('claim', DB);
  world.run(3_500);
  assert.equal([...new Set(told(world, from))], [`held ${DB}`]);
  assert.equal(words(world, from).length, 4);
  world.answers = truthful;
  world.run(T_MS);
  assert.is(told(world).at(-1), `granted ${DB}`);
});

test('a claim that was given up is released until the board answers, and a late GRANT is nothing', () => {
  const world = shimWith(5);
  world.answers = mute;
  world.group('claim', DB);
  world.run(1_500);
  const from = world.nowMs();
  world.group('unclaim', DB);
  world.answers = truthful;
  world.run(3_000);
  assert.equal([...new Set(words(world, from))], [`release ${DB}`]);
  assert.not.ok(told(world).includes(`granted ${DB}`));
  assert.is(told(world, from).at(-1), `released ${DB}`);
});

test('a GRANT of a claim that was given up in the meantime is not taken', () => {
  const world = shimWith(6);
  const from = world.nowMs();
  world.group('claim', DB);
  // On its way back.
  world.run(7);
  world.group('unclaim', DB);
  world.run(3_000);
  assert.not.ok(told(world, from).includes(`granted ${DB}`));
  assert.equal(world.record, { at: 'read', held: [] });
});

test('a GRANT from before a release is not taken for the claim after it', () => {
  const world = shimWith(19);
  world.downMs = 800;
  const from = world.nowMs();
  world.group('claim', DB);
  world.run(10);
  world.group('unclaim', DB);
  world.run(600);
  world.group('claim', DB);
  assert.equal(words(world, from), [`claim ${DB} []`, `release ${DB}`]);
  world.run(300);
  assert.not.ok(told(world, from).includes(`granted ${DB}`), 'the board has freed it since');
  world.run(3_000);
  assert.ok(told(world, from).includes(`granted ${DB}`));
});

test('a GRANT that comes later than the shortest freshness limit is not taken', () => {
  const world = shimWith(7);
  const asked: number[] = [];
  world.answers = (word) => {
    if (word.group === 0) return { group: 0, answer: 'reported', holder: 0 };
    asked.push(word.turn);
    return undefined;
  };
  world.group('claim', DB);
  world.run(500);
  // The whole process stands still, and hears the answer when it goes on.
  world.answers = ({ group }) => ({ group, answer: 'granted', holder: 1 });
  world.run(600);
  assert.is(told(world).at(-1), `granted ${DB}`, 'in time it is taken');
  const late = shimWith(7);
  late.downMs = 2_100;
  const from = late.nowMs();
  late.group('claim', DB);
  late.run(6_000);
  assert.not.ok(told(late, from).includes(`granted ${DB}`));
});

test('who gives up asking anew for what he holds goes on holding it', () => {
  const world = shimWith(8);
  world.group('claim', DB);
  world.run(100);
  world.answers = mute;
  world.group('claim', DB);
  world.run(100);
  world.group('unclaim', DB);
  const from = world.nowMs();
  world.run(3_000);
  assert.equal(words(world, from), []);
  assert.equal(world.record, { at: 'read', held: [DB] });
});

test('a shim that is killed is followed by one that reports what was held', () => {
  const world = shimWith(9);
  world.group('claim', DB);
  world.run(100);
  const from = world.nowMs();
  world.restartShim(300);
  world.run(3_000);
  assert.equal([...new Set(words(world, from))], [`claim 0 [${DB}]`]);
});

test('turns grow over a restart of the shim', () => {
  const world = shimWith(10);
  world.answers = mute;
  world.group('claim', DB);
  world.run(2_000);
  const before = turns(world).at(-1) ?? 0;
  const from = world.nowMs();
  world.restartShim(1);
  world.run(2_000);
  const after = turns(world, from);
  assert.ok(after.length > 0 && after.every((turn) => turn > before));
});

function turns(world: World, sinceMs = 0): number[] {
  return world.opened.flatMap(({ atMs, what }) =>
    atMs >= sinceMs && (what.kind === 'claim' || what.kind === 'release') ? [what.turn] : [],
  );
}

const believes: GroupAnswers = (word) => {
  if (word.kind === 'release') return { group: word.group, answer: 'released', holder: 0 };
  const knows = word.held.includes(DB);
  return knows
    ? { group: word.group, answer: word.group === 0 ? 'reported' : 'granted', holder: 1 }
    : { group: DB, answer: 'granted', holder: 1 };
};

test('a shim that finds no record takes the word of the board for what is held', () => {
  const world = makeWorld(11, undefined, [DB]);
  world.answers = believes;
  world.run(4_000);
  assert.equal(told(world), [`on disk [${DB}]`, `found ${DB}`, `on disk [${DB}]`]);
  assert.is(words(world).at(-1), `claim 0 [${DB}]`);
});

test('a shim that knows of no grant gives back what the board believes that it holds', () => {
  const world = makeWorld(12, undefined, [DB]);
  world.record = { at: 'read', held: [] };
  world.restartShim(1);
  world.answers = (word) =>
    words(world).includes(`release ${DB}`) ? truthful(word) : believes(word);
  world.run(6_000);
  assert.ok(words(world).includes(`release ${DB}`));
  assert.not.ok(told(world).some((line) => line.startsWith('found') || line.startsWith('granted')));
});

test('where the record cannot be read, every group counts as held until it is released', () => {
  const world = makeWorld(13, undefined, [DB, WEB]);
  world.record = { at: 'unreadable' };
  world.restartShim(1);
  world.answers = truthful;
  world.run(3_000);
  assert.equal([...new Set(words(world))].at(-1), `claim 0 [${DB} ${WEB}]`);
  world.group('release', WEB);
  world.run(1_000);
  assert.equal(world.record, { at: 'read', held: [DB] });
});

test('nothing is claimed before the board has said what it believes to be held', () => {
  const world = makeWorld(14, undefined, [DB]);
  world.answers = () => undefined;
  world.group('claim', DB);
  world.run(4_000);
  assert.ok(words(world).every((word) => word === 'claim 0 []'));
  world.group('unclaim', DB);
  world.run(2_000);
  assert.ok(
    words(world).every((word) => word === 'claim 0 []'),
    'and nothing is released',
  );
});

test('while two lives of the board are in contact no grant is taken', () => {
  const world = shimWith(15);
  const from = world.nowMs();
  world.restartBoard(10);
  world.run(1_500);
  world.group('claim', DB);
  world.run(600);
  const early = told(world, from).includes(`granted ${DB}`);
  world.run(6_000);
  assert.equal([early, told(world, from).includes(`granted ${DB}`)], [false, true]);
});

test('what a life of the board granted before the next had a session is not taken after it', () => {
  // With a slow keepalive an answer may be older than the time after which a life is missed.
  for (const isRestarted of [false, true]) {
    const groups = newGroups(
      { configured: [DB], remembered: { at: 'read', held: [] } },
      5_000,
      T_MS,
    );
    const [before, after] = [new Uint8Array(8).fill(1), new Uint8Array(8).fill(2)];
    wishGroup(groups, { kind: 'claim', group: DB });
    nextGroupWord(groups, () => [before], 0);
    const turn = nextGroupWord(groups, () => [before], 500)?.turn ?? 0;
    if (isRestarted) {
      hearGroups(groups, { kind: 'session', aNonce: after, tick: 1 }, () => [after], 600);
      assert.equal(
        nextGroupWord(groups, () => [after], 1_200)?.kind,
        'claim',
        'it reports nothing held',
      );
    }
    // The answer of the life before is let go by the broker at last, and nobody else is heard.
    const grant = { kind: 'grant', turn, group: DB, answer: 'granted', holder: 1 } as const;
    hearGroups(groups, { ...grant, aNonce: before }, () => [], 4_800);
    assert.equal(heldGroups(groups), isRestarted ? [] : [DB]);
  }
});

test('who holds a group announces a stop and never says that he left', () => {
  const world = shimWith(16);
  world.group('claim', DB);
  world.run(100);
  world.leave('stop');
  world.run(5_000);
  const kinds = world.opened.map(({ what }) => what.kind);
  assert.equal([kinds.includes('leaving'), kinds.includes('left')], [true, false]);
  assert.is(world.gone?.told, false);
});

test('who leaves while he claims gives the claim back first, and then leaves', () => {
  const world = shimWith(17);
  world.answers = (word) => (word.kind === 'release' ? truthful(word) : held(word));
  world.group('claim', DB);
  world.run(100);
  world.leave('stop');
  world.run(5_000);
  const kinds = world.opened.map(({ what }) => what.kind);
  assert.ok(kinds.indexOf('left') > kinds.indexOf('release') && kinds.includes('release'));
  assert.is(world.gone?.told, true);
});

test('no more is asked for than a claim could list', () => {
  const world = shimWith(20);
  const from = world.nowMs();
  for (let group = 1; group <= 18; group += 1) world.group('claim', group);
  assert.equal(told(world, from), ['refused 17', 'refused 18']);
  world.run(20_000);
  assert.equal(world.record, { at: 'read', held: Array.from({ length: 16 }, (_, n) => n + 1) });
});

test('words about groups keep the pace of beats', () => {
  const world = shimWith(18);
  world.answers = mute;
  const from = world.nowMs();
  for (let group = 1; group <= 12; group += 1) world.group('claim', group);
  world.run(30_000);
  assert.ok(world.longestGapMs(from, 'serial') <= T_MS + 10);
  assert.ok(words(world, from).length <= 62);
});

test.run();
