/** What a start is told of earlier lives, whatever the disk holds. */
import type { Durable } from '../../firmware-agent/core/durable.ts';
import type { StateFile } from '../../firmware-agent/drivers/state-file.ts';
import { recall } from '../../firmware-agent/recall.ts';
import { failure, ok } from '../../protocol/result.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('recall');

const NOW = 1_000;
const durable: Durable = {
  format: 1,
  fences: [],
  orders: [],
  frozen: [],
  maintenance: [],
  left: [],
  interrupted: [],
  startsWallMs: [10, 20],
  nextFence: 7,
};

function disk(load: StateFile['load']): StateFile {
  const health = () => ({ slots: [], saved: undefined });
  return { load, health, save: async () => ok(undefined), close: async () => undefined };
}

function holding(text: string): StateFile {
  return disk(() => ok({ payload: Buffer.from(text), counter: 1, doubtful: false }));
}

test('an empty disk is a first start and no alarm', () => {
  const memory = recall(
    disk(() => failure('absent', 'nothing there')),
    false,
    NOW,
  );
  assert.equal(memory, { startsWallMs: [NOW] });
});

test('a disk that cannot be trusted is no memory, and says so', () => {
  const torn = recall(
    disk(() => failure('corrupt', 'both slots are torn')),
    false,
    NOW,
  );
  assert.equal(torn, { startsWallMs: [NOW], amnesia: 'both slots are torn' });
  for (const text of ['{', JSON.stringify({ ...durable, format: 2 })]) {
    const memory = recall(holding(text), false, NOW);
    assert.equal([memory.durable, memory.startsWallMs], [undefined, [NOW]]);
    assert.match(memory.amnesia ?? '', /another format/);
  }
});

test('a start counts; a reload does not, and is not told how often the agent started', () => {
  const text = JSON.stringify(durable);
  assert.equal(recall(holding(text), false, NOW), { durable, startsWallMs: [10, 20, NOW] });
  const reloaded = recall(holding(text), true, NOW);
  assert.equal(reloaded.durable?.startsWallMs, []);
  assert.equal(reloaded.startsWallMs, [10, 20]);
});

test.run();
