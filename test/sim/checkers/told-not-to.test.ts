import { assert, suite } from '../../lib/suite.ts';
import { answer, cut, type History, history, news, order } from './history.ts';
import { toldNotTo } from './told-not-to.ts';

const test = suite('checker: told not to fence');

function ordered(of: ReturnType<typeof order>, h = history(toldNotTo)): History {
  h.step({ kind: 'order', order: of }, answer(of, 'accepted'), { kind: 'store', cmdId: of.cmdId });
  return h.wait(5).step({ kind: 'stored', cmdId: of.cmdId, ok: true }, answer(of, 'done'));
}

const host = order({ host: 1, op: 'disable', args: { forS: 60 } });
const board = order({ host: 0, op: 'disable', cmdId: 'board' });

test('in maintenance a host is not cut by verdict, and after it it may be', () => {
  assert.equal(ordered(host).wait(30_000).verdict(1).rules(), ['maintenance']);
  assert.equal(ordered(host).wait(30_000).verdict(2).rules(), []);
  assert.equal(ordered(host).wait(61_000).verdict(1).rules(), []);
  const enabled = ordered(order({ host: 1, op: 'enable', cmdId: 'e' }), ordered(host));
  assert.equal(enabled.verdict(1).rules(), []);
});

test('an order cuts in maintenance, and nothing does while all is disabled', () => {
  const fence = order({ host: 1, cmdId: 'f' });
  const cutBy = (h: History): string[] =>
    h
      .step({ kind: 'order', order: fence }, answer(fence, 'accepted'), {
        kind: 'journal',
        host: 1,
        fence: 1,
      })
      .step({ kind: 'journalled', host: 1, fence: 1 }, cut(1))
      .rules();
  assert.equal(cutBy(ordered(host)), []);
  assert.equal(cutBy(ordered(board)), ['disabled']);
});

test('a start that remembers knows what was disabled', () => {
  const restart = (remembers: boolean, ...effects: ReturnType<typeof news>[]): string[] => {
    const h = ordered(board).truth({ kind: 'agent', is: 'ended', life: 1, remembers: false });
    h.truth({ kind: 'agent', is: 'started', life: 2, remembers });
    return h.step({ kind: 'start', wallMs: 0 }, ...effects).rules();
  };
  assert.equal(restart(true), ['S7']);
  assert.equal(restart(false), []);
  assert.equal(restart(true, news(undefined, 'disabled', 'alarm')), []);
});

test.run();
