/** A session that the board itself ended: what follows on its channel is no silence. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('revocation');

type Why = 'revoked' | 'expired';

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

/** The board ends the sessions of a host and refuses what it says from then on. */
function end(w: World, name: string, why: Why, channels = ['serial', 'mqtt'] as const): void {
  const { host } = w.machine(name).settings;
  for (const channel of channels) {
    w.cable(name, channel, 'broken', 'up');
    w.give({ kind: 'ended', host, channel, why });
  }
}

function mend(w: World, name: string): void {
  for (const channel of ['serial', 'mqtt'] as const) w.cable(name, channel, 'whole');
}

test('a host whose sessions we ended is never found dead for it, however long it is not heard', () => {
  for (const why of ['revoked', 'expired'] as const) {
    const w = pair();
    end(w, 'alpha', why);
    w.run(600 * SECOND);
    assert.is(w.cuts().length, 0, why);
    assert.is(w.news('dead').length, 0, why);
    assert.is(alarms(w, 'alpha').includes('revoked'), why === 'revoked');
  }
});

test('one that is late at that moment is not found dead either', () => {
  const w = pair();
  w.hang('alpha');
  w.run(14 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('late'));
  end(w, 'alpha', 'revoked');
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('one that was found dead a moment ago is not cut', () => {
  const w = pair();
  w.state.disk.works = false;
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  end(w, 'alpha', 'revoked');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('when it beats again the alarm ends, and its silence counts as before', () => {
  const w = pair();
  end(w, 'alpha', 'revoked');
  w.run(60 * SECOND);
  mend(w, 'alpha');
  w.run(10 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
  w.hang('alpha');
  const hungAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.ok(dead.at - hungAt <= 15 * SECOND + 100, `${dead.at - hungAt} ms`);
});

test('where one channel was ended the other alone guards on, and needs its own proof', () => {
  const w = pair();
  w.give({ kind: 'ended', host: 1, channel: 'serial', why: 'expired' });
  w.cable('alpha', 'serial', 'broken', 'up');
  w.run(60 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
  w.hang('alpha');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('unproven'));
});

test('the explained silence of one makes that of another no more suspect', () => {
  for (const fate of [[], ['rack']]) {
    const w = world({ hosts: [guarded(1, 'alpha', { fate }), guarded(2, 'beta', { fate })] });
    w.run(30 * SECOND);
    end(w, 'alpha', 'revoked');
    w.run(10 * SECOND);
    w.hang('beta');
    w.run(40 * SECOND);
    assert.is(w.news('held', 'beta').length, 0);
  }
});

test('a host that is being fenced is fenced on: its proof is electrical', () => {
  const w = pair();
  w.hang('alpha');
  w.until('a cut', ({ kind }) => kind === 'cut', 20 * SECOND);
  end(w, 'alpha', 'revoked');
  w.untilNews('fenced', 'alpha', 20 * SECOND);
});

test('orders act on a host that is not heard because its key was revoked', () => {
  const w = pair();
  end(w, 'alpha', 'revoked');
  w.run(30 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(20 * SECOND);
  assert.is(w.answers(cmdId).at(-1)?.outcome, 'done');
});

test('a host that is heard on one channel only is not cut when its session there ends', () => {
  for (const why of ['expired', 'revoked'] as const) {
    const w = world({ hosts: [guarded(1, 'alpha', { silence: 'act' }), guarded(2, 'beta')] });
    w.run(30 * SECOND);
    w.cable('alpha', 'serial', 'broken');
    w.run(30 * SECOND + 300);
    w.cable('alpha', 'mqtt', 'broken', 'down');
    w.endSession('alpha', 'mqtt', why);
    w.run(900);
    w.cable('alpha', 'mqtt', 'whole');
    assert.is(w.cuts().length, 0, `${why}, at once`);
    w.run(60 * SECOND);
    assert.is(w.cuts().length, 0, `${why}, a new session stands`);
    w.endSession('alpha', 'mqtt', why);
    w.hang('alpha');
    w.untilNews('dead', 'alpha', 121 * SECOND);
  }
});

test.run();
