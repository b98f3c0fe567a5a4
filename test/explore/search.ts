/**
 * Exhaustive breadth-first search: from the initial states every action that a world allows, until
 * no new state is left (the frontier is empty) or a promise is broken.
 *
 * A world says its states as canonical bytes: times as ages, what no step reads left out. Those
 * bytes are the key by which a state is known, and they are also what is stored of it: each step
 * begins from a state that was read back from its bytes. So two states with equal keys cannot
 * behave differently here, and whatever the bytes leave out, the search goes on without; that the
 * shipping code does not miss it either is what `normal-form.test.ts` shows.
 *
 * Breadth first, so the first counter-example is a shortest one. It is kept as the actions that
 * lead to it, and told again in words by playing them once more.
 */
import { type Pen, pen } from './codec.ts';
import { byteQueue, printOf, visited } from './visited.ts';

export interface Step<State> {
  state: State;
  /** Promises that this step broke, in words. */
  broken: string[];
  /** Further actions that are worth a try, now that it is known how much this one did. */
  variants?: number[];
}

export interface World<State> {
  readonly name: string;
  initial(): State[];
  /** Whether the state is one from which nothing more is of interest. */
  actions(state: State): number[];
  /** Carries one action out, in place. `say` is there only when a scenario is told. */
  step(state: State, action: number, say?: (line: string) => void): Step<State>;
  /** Where given, only such states are played on in calm, and all of them: every other leads to one. */
  isRest?(state: State): boolean;
  /** Plays on without a fault; what is still broken then. */
  calm?(state: State, say?: (line: string) => void): string[];
  /** Says the state in canonical bytes: its key. */
  write(state: State, to: Pen): void;
  /** Reads a state back from them, or, for a world that cannot, copies one: a step is in place. */
  read?(from: Pen): State;
  copy?(state: State): State;
  describe(action: number): string;
}

export interface Bounds {
  /** Stops there, with a frontier that is not empty. */
  statesMax: number;
  /** One state of so many is played on without a fault, where the world does not say which. */
  calmEvery: number;
  /** Told now and then while it runs. */
  tell?: (line: string) => void;
}

export interface Found {
  broken: string[];
  scenario: { root: number; actions: number[]; isCalm: boolean };
}

export interface Report {
  world: string;
  states: number;
  transitions: number;
  depth: number;
  seconds: number;
  /** Of the processor; on a machine that does other things too, this is the figure to compare. */
  cpuSeconds: number;
  /** States from which the world was played on without a fault. */
  calmed: number;
  isEmpty: boolean;
  found?: Found;
}

const TELL_EVERY = 250_000;

export function explore<State>(world: World<State>, bounds: Bounds): Report {
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  const seen = visited();
  const shelf = shelfOf(world);
  const paper = pen();
  const state = { at: 0, transitions: 0, depth: 0, calmed: 0 };
  const report = (isEmpty: boolean, found?: Found): Report => ({
    world: world.name,
    states: seen.count,
    transitions: state.transitions,
    depth: state.depth,
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: process.cpuUsage(cpuAtStart).user / 1e6,
    calmed: state.calmed,
    isEmpty,
    ...(found === undefined ? {} : { found }),
  });
  const note = (next: State, parent: number, action: number): void => {
    paper.rewind();
    world.write(next, paper);
    if (!seen.add(printOf(paper.bytes, paper.at), parent, action)) return;
    shelf.push(next, paper);
    if (seen.count % TELL_EVERY === 0) bounds.tell?.(lineOf(report(false)));
  };
  const fail = (parent: number, actions: number[], broken: string[], isCalm: boolean): Report => {
    const path = seen.pathTo(parent);
    return report(false, {
      broken,
      scenario: { root: path.root, actions: [...path.actions, ...actions], isCalm },
    });
  };

  for (const [root, first] of world.initial().entries()) note(first, -1, root);
  let levelEnd = seen.count;
  for (let unpack = shelf.shift(); unpack !== undefined; unpack = shelf.shift()) {
    if (state.at === levelEnd) {
      state.depth += 1;
      levelEnd = seen.count;
    }
    const todo = world.actions(unpack());
    for (let i = 0; i < todo.length; i += 1) {
      const action = todo[i] as number;
      const { state: next, broken, variants } = world.step(unpack(), action);
      state.transitions += 1;
      if (broken.length > 0) return fail(state.at, [action], broken, false);
      note(next, state.at, action);
      if (variants !== undefined) todo.push(...variants);
    }
    const isCalmed = world.isRest?.(unpack()) ?? state.at % bounds.calmEvery === 0;
    if (isCalmed && world.calm) {
      state.calmed += 1;
      const broken = world.calm(unpack());
      if (broken.length > 0) return fail(state.at, [], broken, true);
    }
    state.at += 1;
    if (seen.count >= bounds.statesMax) return report(false);
  }
  return report(true);
}

/** States that wait for their turn; each is taken off as a way to have as many copies as needed. */
interface Shelf<State> {
  push(state: State, written: Pen): void;
  shift(): (() => State) | undefined;
}

function shelfOf<State>(world: World<State>): Shelf<State> {
  const { copy, read } = world;
  if (copy !== undefined) {
    let now: State[] = [];
    let next: State[] = [];
    return {
      push: (state) => next.push(state),
      shift: () => {
        if (now.length === 0) [now, next] = [next.reverse(), []];
        const state = now.pop();
        return state === undefined ? undefined : () => copy(state);
      },
    };
  }
  if (read === undefined) throw new Error(`${world.name} can neither copy nor read its states`);
  const queue = byteQueue();
  const reader = pen();
  return {
    push: (_, { bytes, at }) => queue.push(bytes, at),
    shift: () => {
      const bytes = queue.shift();
      if (bytes === undefined) return undefined;
      reader.bytes = bytes;
      return () => {
        reader.rewind();
        return read(reader);
      };
    },
  };
}

/** Plays the actions of a counter-example once more and tells what happens. */
export function retell<State>(
  world: World<State>,
  { root, actions, isCalm }: Found['scenario'],
  say: (line: string) => void,
): string[] {
  let state = world.initial()[root] as State;
  const again = (): State => {
    const paper = pen();
    world.write(state, paper);
    return world.read === undefined ? state : world.read(pen(paper.bytes));
  };
  for (const action of actions) {
    say(`> ${world.describe(action)}`);
    const step = world.step(again(), action, (line) => say(`    ${line}`));
    state = step.state;
    if (step.broken.length > 0) return step.broken;
  }
  if (!isCalm || world.calm === undefined) return [];
  say('> from here on nothing fails');
  return world.calm(again(), (line) => say(`    ${line}`));
}

export function lineOf(report: Report): string {
  const { world, states, transitions, depth, seconds, cpuSeconds, calmed, isEmpty } = report;
  const pace = Math.round(states / Math.max(seconds, 0.001));
  return (
    `${world.padEnd(10)} ${states} states, ${transitions} transitions, depth ${depth}, ` +
    `${calmed} played on in calm, ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor), ` +
    `${pace} states/s, ` +
    `frontier ${isEmpty ? 'empty' : 'not empty'}`
  );
}
