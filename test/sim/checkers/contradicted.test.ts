import { assert, suite } from '../../lib/suite.ts';
import { contradicted } from './contradicted.ts';
import { type History, history, news, restore } from './history.ts';

const test = suite('checker: contradicted');
const on = { kind: 'power', host: 1, on: true } as const;

const fenced = (): History =>
  history(contradicted)
    .truth({ ...on, on: false })
    .wait(5_000)
    .tick(news(1, 'fenced'));

test('power that comes back behind the back of the board freezes the host', () => {
  assert.equal(fenced().wait(1_000).truth(on).silence(6_000).rules(), ['S2']);
  const frozen = fenced()
    .wait(1_000)
    .truth(on)
    .tick(news(1, 'integrity', 'alarm', 'frozen: x'));
  assert.equal(frozen.silence(6_000).rules(), []);
});

test('power that the board gives back, or that goes again at once, is none of it', () => {
  assert.equal(fenced().tick(restore(1)).truth(on).silence(6_000).rules(), []);
  const brief = fenced()
    .truth(on)
    .wait(100)
    .truth({ ...on, on: false });
  assert.equal(brief.silence(6_000).rules(), []);
});

test('nothing is asked of devices that lie, or of another life of the board', () => {
  const lying = fenced().truth({ kind: 'devices', host: 1, honest: false }).truth(on);
  assert.equal(lying.silence(6_000).rules(), []);
  const anew = fenced().truth({ kind: 'agent', is: 'ended', life: 1, remembers: false });
  assert.equal(anew.truth(on).silence(6_000).rules(), []);
});

test.run();
