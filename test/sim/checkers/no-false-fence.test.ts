import type { Effect } from '../../../firmware-agent/core/events.ts';
import type { Proof } from '../../../protocol/wire/messages.ts';
import { guarded } from '../../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { answer, cut, type History, history, LIFE, news, order, over } from './history.ts';
import { noFalseFence } from './no-false-fence.ts';

const test = suite('checker: no false fence');
const DEAD_MS = 15_000;

function recordOf(incarnation: number, proof: Proof): Effect {
  const about = { id: 1, host: 'one', incarnation, by: 'verdict', evidence: [], entries: [] };
  return { kind: 'record', record: { ...about, outcome: 'fenced', proof } };
}

/** Host 1 beats for a while and is then silent for a deadtime; host 2 beats on. */
function silent(ms = DEAD_MS): History {
  return history(noFalseFence).beats([1, 2], 20_000).silence(ms, [2]);
}

test('a silence of a deadtime, proven, is no false fence', () => {
  assert.equal(silent().verdict(1).rules(), []);
});

test('a fresh beat within the deadtime is seen, on whatever channel it came', () => {
  assert.equal(silent(13_000).verdict(1).rules(), ['S3']);
  const late = silent(10_000).hear(1, { way: 'mqtt' }).silence(6_000, [2]);
  assert.equal(late.verdict(1).rules(), ['S3']);
});

test('a beat that was held up is no life, but one sent now is doubt', () => {
  const hoard = silent(14_000).hear(1, { ageMs: 14_000, sentAt: 21_000, seq: 21 }).wait(2_000);
  assert.equal(hoard.verdict(1).rules(), []);
  const doubt = silent(14_000).hear(1, { ageMs: 6_000, seq: 34 }).wait(2_000);
  assert.equal(doubt.verdict(1).rules(), ['S3']);
});

test('an order of the host itself is doubt, too', () => {
  const own = order({ host: 2, from: { name: 'node', orderer: 2, boundTo: 1 }, tick: 21 });
  const h = silent(14_000);
  h.step({ kind: 'round' }, { kind: 'round', tick: 21 });
  h.step({ kind: 'order', order: own }, answer(own, 'refused')).wait(2_000);
  assert.equal(h.verdict(1).rules(), ['S3']);
});

test('a host that was never heard, left, leaves or was switched is not cut by verdict', () => {
  const never = history(noFalseFence).beats([2], 40_000).verdict(1);
  assert.equal(never.rules(), ['S3', 'S3']);
  const left = silent(0)
    .hear(1, { kind: 'left' })
    .silence(DEAD_MS + 1_000, [2]);
  assert.ok(left.verdict(1).rules().includes('S3'));
  const leaving = silent(0)
    .hear(1, { kind: 'leaving' })
    .silence(DEAD_MS + 1_000, [2]);
  assert.equal(leaving.verdict(1).rules(), ['S3']);
  const stays = (ageMs: number): string[] =>
    silent(0)
      .hear(1, { kind: 'leaving' })
      .wait(2_000)
      .hear(1, { flags: 0x80, ageMs })
      .silence(DEAD_MS + 1_000, [2])
      .verdict(1)
      .rules();
  assert.equal(stays(100), [], 'another shim of the same life takes it back');
  assert.equal(stays(3_000), ['S3'], 'a beat that was on its way does not');
  const overdue = silent(0).hear(1, { kind: 'leaving' }).silence(61_000, [2]);
  assert.equal(overdue.verdict(1).rules(), []);
  const switched = silent().tick(news(1, 'fenced')).verdict(1);
  assert.equal(switched.rules(), ['S3']);
});

test('a life that was heard while the one before was waited for may be found dead in its turn', () => {
  const timedOut = (incarnation: number, proof: Proof): string[] =>
    silent().tick(recordOf(incarnation, proof), news(1, 'fenced')).verdict(1).rules();
  assert.equal(timedOut(LIFE + 7, 'by-timeout'), []);
  assert.equal(timedOut(LIFE + 1, 'by-timeout'), ['S3'], 'the very life that is over');
  assert.equal(timedOut(LIFE + 7, 'verified'), ['S3'], 'a cut takes the power of every life');
});

test('two agents, and a life that a verdict has cut before, are left alone', () => {
  const two = silent(0).hear(1, { flags: 0x20 }).hear(1, { way: 'mqtt', flags: 0x20 });
  assert.equal(two.silence(DEAD_MS, [2]).verdict(1).rules(), ['S3']);
  const again = silent().verdict(1).tick(news(1, 'failed')).beats([1, 2], 40_000);
  assert.equal(again.silence(DEAD_MS, [2]).verdict(1).rules(), ['S3']);
  const anew = silent().verdict(1).tick(news(1, 'failed'));
  anew.hear(1, { incarnation: 7 }).hear(1, { way: 'mqtt', incarnation: 7 }).silence(DEAD_MS, [2]);
  assert.equal(anew.verdict(1).rules(), []);
});

test('a stall of the board asks for three keepalives, and for silence anew', () => {
  const stalled = (forMs: number, afterMs: number): History => {
    const h = silent(DEAD_MS).truth({ kind: 'stall', on: true }).wait(forMs);
    return h.truth({ kind: 'stall', on: false }).silence(afterMs, [2]);
  };
  assert.equal(stalled(400, 2_500).verdict(1).rules(), ['S4']);
  assert.equal(stalled(400, 3_500).verdict(1).rules(), []);
  const asleep = silent(11_000).truth({ kind: 'stall', on: true }).wait(4_500);
  asleep.truth({ kind: 'stall', on: false }).silence(3_500, [2]);
  assert.equal(asleep.verdict(1).rules(), ['S3']);
  assert.ok(stalled(8_000, 10_000).verdict(1).rules().includes('S3'));
  assert.equal(stalled(5_100, 16_000).verdict(1).rules(), []);
});

test('an outage of a channel asks for silence anew', () => {
  const outage = (afterMs: number): History => {
    const h = silent(5_000).step({ kind: 'listening', channel: 'serial', host: 1, on: false });
    h.silence(6_000, [2]).step({ kind: 'listening', channel: 'serial', host: 1, on: true });
    return h.silence(afterMs, [2]);
  };
  assert.equal(outage(10_000).verdict(1).rules(), ['S3']);
  assert.equal(outage(15_500).verdict(1).rules(), []);
  const closed = silent(10_000).step({ kind: 'listening', channel: 'serial', host: 1, on: false });
  assert.equal(closed.silence(6_000, [2]).verdict(1).rules(), ['S3']);
});

test('silence that nothing proves is no death, except where the user wants it so', () => {
  const mute = (differs: Parameters<typeof guarded>[2]): History => {
    const hosts = [guarded(1, 'one', differs), guarded(2, 'two')];
    const h = history(noFalseFence, hosts).beats([1, 2], 20_000);
    for (let i = 0; i < 16; i += 1) h.tick().wait(1_000);
    return h.verdict(1);
  };
  assert.equal(mute({}).rules(), ['S3']);
  assert.equal(mute({ silence: 'act' }).rules(), []);
});

test('an ordered fence is not judged by silence, unless its order was answered before', () => {
  const given = order({ host: 1 });
  const begin = (h: History): History =>
    h
      .step({ kind: 'order', order: given }, answer(given, 'accepted'), {
        kind: 'journal',
        host: 1,
        fence: 1,
      })
      .wait(4)
      .step({ kind: 'journalled', host: 1, fence: 1 }, cut(1));
  assert.equal(begin(silent(0)).rules(), []);
});

test('a timer cuts sooner than deadtime only where nothing kicked, or nothing is heard', () => {
  const timer = {
    ...({ use: 'sms-os', mode: 'kick', nowayout: false, action: 'cycle' } as const),
    ...({ preAction: 'none', timeoutMs: 20_000, pretimeoutMs: 0 } as const),
  };
  const byTimer = (kickedMs: number): string[] => {
    const h = history(noFalseFence, [guarded(1, 'one', { timer }), guarded(2, 'two')]);
    h.beats([1, 2], 40_000).truth({ kind: 'kicked', host: 1, incarnation: LIFE + 1 });
    h.beats([1, 2], kickedMs);
    h.tick({ kind: 'journal', host: 1, fence: 1 }, news(1, 'timer', 'alarm')).wait(4);
    return h.step({ kind: 'journalled', host: 1, fence: 1 }, cut(1)).rules();
  };
  assert.equal(byTimer(21_000), []);
  assert.equal(byTimer(15_000), ['S3']);
});

test('maintenance that ended makes no silence of what was not judged', () => {
  const h = silent(8_000).tick(over(1, 'maintenance')).silence(8_000, [2]).verdict(1);
  assert.equal(h.rules(), ['S3']);
});

test.run();
