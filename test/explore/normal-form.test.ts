/**
 * That a state said in bytes is the state: scenarios drawn at random are played twice, once as they
 * are and once through the bytes after every step. Both must do and say the same, word for word, and
 * be the same bytes. What the codecs leave out or cut off is thus shown to be missed by nobody.
 */
import { prng } from '../lib/prng.ts';
import { assert, suite } from '../lib/suite.ts';
import { pen } from './codec.ts';
import type { World } from './search.ts';
import { NAMES, worldOf } from './worlds.ts';

const test = suite('normal form');
const WALKS = Number(process.env['RUNS'] ?? 12);
const STEPS = 60;

/** A state read back from its bytes, or copied where a world cannot be read. */
function again<State>(world: World<State>, state: State): State {
  if (world.read === undefined) return world.copy?.(state) as State;
  const paper = pen();
  world.write(state, paper);
  return world.read(pen(paper.bytes));
}

function bytesOf<State>(world: World<State>, state: State): string {
  const paper = pen();
  world.write(state, paper);
  return Buffer.from(paper.bytes.subarray(0, paper.at)).toString('hex');
}

/** News tells people of what the bytes leave out: only what is done and answered must be the same. */
function isDeed(line: string): boolean {
  return !/^[a-z-]+: /.test(line) || /^answer|^fenced|^failed|^averted|^dead/.test(line);
}

/** One action, with what was done, on a state of its own. */
function act<State>(world: World<State>, state: State, action: number) {
  const said: string[] = [];
  const step = world.step(state, action, (line) => said.push(line));
  return { state: step.state, said: said.filter(isDeed).join('\n'), variants: step.variants ?? [] };
}

function walk<State>(world: World<State>, seed: number): void {
  const chance = prng(seed);
  const firsts = world.initial();
  const root = chance.between(0, firsts.length - 1);
  let plain = firsts[root] as State;
  let read = again(world, plain);
  for (let count = 0; count < STEPS; count += 1) {
    const actions = world.actions(plain);
    if (actions.length === 0) return;
    let action = chance.chance(0.6) ? (actions[0] as number) : chance.pick(actions);
    if (chance.chance(0.1)) {
      const { variants } = act(world, again(world, plain), action);
      if (variants.length > 0) action = chance.pick(variants);
    }
    const [one, other] = [act(world, plain, action), act(world, read, action)];
    const where = `${world.name} SEED=${seed}, step ${count}: ${world.describe(action)}`;
    assert.is(other.said, one.said, where);
    assert.is(bytesOf(world, other.state), bytesOf(world, one.state), where);
    plain = one.state;
    read = again(world, other.state);
  }
}

for (const name of NAMES) {
  test(`${name}: what is read back from its bytes goes on as what was never written`, () => {
    const world = worldOf(name, 'full');
    for (let seed = 1; seed <= WALKS; seed += 1) walk(world, seed);
  });
}

test.run();
