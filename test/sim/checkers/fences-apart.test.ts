import { assert, suite } from '../../lib/suite.ts';
import { fencesApart } from './fences-apart.ts';
import { cut, type History, history, news, restore } from './history.ts';

const test = suite('checker: fences apart');

function verdict(h: History, host: number, fence: number): History {
  h.tick({ kind: 'journal', host, fence }, news(host, 'dead', 'alarm'));
  return h.wait(4).step({ kind: 'journalled', host, fence }, cut(host, fence));
}

test('two verdicts half a minute apart are well, and closer ones are seen', () => {
  const second = (ms: number): string[] =>
    verdict(verdict(history(fencesApart), 1, 1).wait(ms), 2, 2).rules();
  assert.equal(second(30_000), []);
  assert.equal(second(29_000), ['gap']);
});

test('a fourth fence of a host within the hour is seen, and one that moved nothing is not', () => {
  const four = (apartMs: number): History => {
    const h = history(fencesApart);
    for (let i = 1; i <= 4; i += 1) verdict(h, 1, i).tick(news(1, 'failed')).wait(apartMs);
    return h;
  };
  assert.equal(four(40_000).rules(), ['budget']);
  assert.equal(four(1_300_000).rules(), []);
  const h = history(fencesApart);
  for (let i = 1; i < 9; i += 1) {
    h.tick({ kind: 'journal', host: 1, fence: i }, news(1, 'dead', 'alarm'), news(1, 'averted'));
  }
  assert.equal(verdict(h, 1, 9).rules(), []);
});

test('what lies beyond a stretch that was jumped over is as long ago as it was', () => {
  const jumped = (ms: number): string[] => {
    const h = history(fencesApart);
    for (let i = 1; i <= 3; i += 1) verdict(h, 1, i).tick(news(1, 'failed')).wait(40_000);
    return verdict(h.truth({ kind: 'leap', ms }), 1, 4).rules();
  };
  assert.equal(jumped(3_600_000), []);
  assert.equal(jumped(3_000_000), ['budget']);
});

test('two hosts are given power one after the other', () => {
  const both = (ms: number): string[] => {
    const h = verdict(verdict(history(fencesApart), 1, 1).wait(31_000), 2, 2);
    h.tick(news(1, 'fenced'), news(2, 'fenced'));
    return h.tick(restore(1, 1)).wait(ms).tick(restore(2, 2)).rules();
  };
  assert.equal(both(2_000), []);
  assert.equal(both(500), ['L6']);
});

test.run();
