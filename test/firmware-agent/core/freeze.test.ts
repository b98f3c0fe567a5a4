/** Who is frozen beside a host that speaks after it was reported fenced, and who is not. */
import { assert, suite } from '../../lib/suite.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('freeze');

/** Alpha is cut and proven off, and then speaks; `meanwhile` is done at `atMs` after the cut. */
function contradicted(atMs: number, meanwhile: (w: World) => void): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  if (atMs < 0) {
    meanwhile(w);
    w.run(-atMs);
  }
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.until('cut', (e) => e.kind === 'cut', SECOND);
  if (atMs >= 0) {
    w.run(atMs);
    meanwhile(w);
  }
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  w.run(SECOND);
  const tick = w.state.process?.board.ticks.latest ?? 0;
  const hello = { kind: 'hello', host: 1, channel: 'serial', incarnation: 1001, tick } as const;
  w.give({ kind: 'heard', opened: { ...hello, retired: true } });
  assert.is(w.news('integrity', 'alpha').length, 1);
  return w;
}

test('only who fell silent with the cut is taken for crossed', () => {
  const hang = (w: World): void => w.hang('beta');
  assert.is(contradicted(100, hang).news('crossed', 'beta').length, 1);
  assert.is(contradicted(100, () => {}).news('crossed').length, 0, 'it is heard');
  assert.is(contradicted(-5 * SECOND, hang).news('crossed').length, 0, 'it was silent before');
});

test.run();
