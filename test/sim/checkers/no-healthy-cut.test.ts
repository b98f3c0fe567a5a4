import { guarded } from '../../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { type History, history, LIFE } from './history.ts';
import { noHealthyCut } from './no-healthy-cut.ts';

const test = suite('checker: no healthy host is cut');
const fault = { kind: 'fault', fault: 'blackout', on: true } as const;

const beating = (differs = {}): History =>
  history(noHealthyCut, [guarded(1, 'one', differs), guarded(2, 'two')]).beats([1, 2], 60_000);

test('a host that runs and has no fault of its own is not cut, whatever failed for all', () => {
  assert.equal(beating().truth(fault).silence(16_000).verdict(1).rules(), ['HF']);
  assert.equal(beating().silence(16_000, [2]).verdict(1).rules(), ['HF']);
});

test('who is dead, or broken by itself, may be cut', () => {
  const own = beating()
    .truth({ ...fault, host: 1 })
    .silence(16_000, [2]);
  assert.equal(own.verdict(1).rules(), []);
  const life = { kind: 'life', host: 1, incarnation: LIFE + 1, is: 'hung' } as const;
  assert.equal(beating().truth(life).silence(16_000, [2]).verdict(1).rules(), []);
});

test('nothing is promised where the user asks for no proof, or where nobody could know', () => {
  assert.equal(beating({ silence: 'act' }).silence(16_000, [2]).verdict(1).rules(), []);
  const alone = history(noHealthyCut, [guarded(1, 'one')]).beats([1], 60_000);
  assert.equal(alone.truth(fault).silence(16_000).verdict(1).rules(), []);
});

test.run();
