import { guarded } from '../../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { fencedIsTrue } from './fenced-is-true.ts';
import { answer, type History, history, LIFE, news, order } from './history.ts';

const test = suite('checker: fenced is true');
const HOLD_MS = 5_000;
const given = order({ host: 1, incarnation: LIFE + 1 });
const done = answer(given, 'done', { proof: 'verified' });

/** Host 1 loses its power a minute after the start, and is dark for so long. */
function dark(ms: number): History {
  const h = history(fencedIsTrue).wait(60_000);
  h.truth({ kind: 'life', host: 1, incarnation: LIFE + 1, is: 'over' });
  return h.truth({ kind: 'power', host: 1, on: false }).wait(ms);
}

test('what was off for the off-hold may be called fenced and done', () => {
  assert.equal(dark(HOLD_MS).tick(done, news(1, 'fenced')).rules(), []);
});

test('a host with power, or dark for too short, is not fenced', () => {
  const lit = history(fencedIsTrue).wait(60_000);
  assert.equal(lit.tick(news(1, 'fenced')).rules(), ['S1']);
  assert.equal(dark(4_000).tick(news(1, 'fenced')).rules(), ['S1']);
  const again = dark(HOLD_MS).truth({ kind: 'power', host: 1, on: true }).wait(3_000);
  assert.equal(again.tick(news(1, 'fenced')).rules(), ['S1']);
});

test('a flicker in the middle of the hold begins it anew', () => {
  const h = dark(3_000).truth({ kind: 'power', host: 1, on: true }).wait(50);
  h.truth({ kind: 'power', host: 1, on: false }).wait(3_000);
  assert.equal(h.tick(news(1, 'fenced')).rules(), ['S1']);
});

test('devices that lie may hide the hold-up of the supply and nothing more', () => {
  const lying = (ms: number): string[] =>
    dark(ms).truth({ kind: 'devices', host: 1, honest: false }).tick(news(1, 'fenced')).rules();
  assert.equal(lying(HOLD_MS - 80), []);
  assert.equal(lying(HOLD_MS - 300), ['S1']);
});

test('nothing is fenced by what another life of the board read', () => {
  const h = dark(60_000).truth({ kind: 'agent', is: 'started', life: 2, remembers: true });
  assert.equal(h.wait(2_000).tick(news(1, 'fenced')).rules(), ['S7']);
});

test('no order is done, or already so, while the life that it names goes on', () => {
  const h = history(fencedIsTrue).wait(60_000);
  assert.equal(h.tick(answer(given, 'already')).rules(), ['S9']);
  const other = order({ host: 1, incarnation: 7 });
  assert.equal(history(fencedIsTrue).tick(answer(other, 'already')).rules(), []);
  const reset = order({ host: 1, op: 'reset', incarnation: LIFE + 1 });
  assert.equal(history(fencedIsTrue).tick(answer(reset, 'done')).rules(), ['R1']);
});

test('a grade is claimed where it can be had, with its mark, and by what may claim one', () => {
  const claims = (more: Parameters<typeof answer>[2]): string[] =>
    dark(HOLD_MS)
      .tick(answer(given, 'done', more))
      .rules();
  assert.equal(claims({ proof: 'by-hold' }), ['S1']);
  assert.equal(claims({ proof: 'by-timeout' }), ['S1']);
  assert.equal(claims({ proof: 'none' }), ['S1']);
  assert.equal(claims({ proof: 'verified', untested: false }), ['S1']);
  const failed = answer(given, 'failed', { proof: 'verified' });
  assert.equal(dark(HOLD_MS).tick(failed).rules(), ['S1']);
  const hosts = [guarded(1, 'one', { proof: 'by-hold' })];
  const held = history(fencedIsTrue, hosts).wait(60_000);
  held.truth({ kind: 'life', host: 1, incarnation: LIFE + 1, is: 'over' });
  held.truth({ kind: 'power', host: 1, on: false }).wait(HOLD_MS);
  assert.equal(held.tick(answer(given, 'done', { proof: 'by-hold' })).rules(), []);
});

test('what a person answers for is never called fenced, and done for nobody else', () => {
  const ack = order({ host: 1, op: 'ack', cmdId: 'ack' });
  const byHand = { proof: 'by-hand' } as const;
  const told = news(1, 'acknowledged', 'alarm');
  const lit = (): History => history(fencedIsTrue).wait(60_000);
  assert.equal(
    lit()
      .tick(answer(ack, 'done', byHand), told)
      .rules(),
    [],
  );
  assert.ok(
    lit()
      .tick(answer(given, 'done', byHand), told)
      .rules()
      .includes('S1'),
  );
  assert.ok(dark(HOLD_MS).tick(told, news(1, 'fenced')).rules().includes('S1'));
  const record = {
    id: 1,
    host: 'one',
    incarnation: 1,
    by: 'order by x',
    evidence: [],
    entries: [],
  };
  const fenced = { ...record, outcome: 'fenced', proof: 'by-hand', untested: true } as const;
  assert.equal(lit().tick({ kind: 'record', record: fenced }).rules(), ['S1']);
});

test('a host is frozen for a contradiction only where one can be', () => {
  assert.equal(
    dark(9_000)
      .tick(news(1, 'integrity', 'alarm'))
      .rules(),
    ['S2'],
  );
  const closed = dark(9_000).truth({ kind: 'relay', host: 1, outlet: 0, is: 'closed' });
  assert.equal(closed.tick(news(1, 'integrity', 'alarm')).rules(), []);
  const lit = dark(9_000).truth({ kind: 'power', host: 1, on: true });
  assert.equal(lit.tick(news(1, 'integrity', 'alarm')).rules(), []);
});

test.run();
