/**
 * What a duel must look like from outside: the bench's log says who was cut, and the broker saw every
 * answer, also one that its node did not live to hear.
 */
import assert from 'node:assert/strict';
import { wasDark } from './judge.ts';
import type { Node, Nodes } from './nodes.ts';
import type { Tap } from './orderer.ts';
import { type Counts, count } from './tally.ts';
import type { Millis } from './timing.ts';
import { type Answered, answersIn, type Deed } from './truth.ts';

/** Nobody is to be found dead by silence here, however busy the machine is. */
export const MILLIS: Millis = {
  keepaliveMs: 500,
  deadtimeMs: 30_000,
  holdMs: 1_000,
  drainMs: 1_000,
};
export interface Round {
  /** How much later than the first node the second one sends. */
  skewMs: number;
  /** On the way to the broker, for each. */
  delaysMs: [number, number];
  /** From then on the delay holds, counted from the sending; a question may get through before. */
  delayFromMs: number;
  /** Whose relay is welded. */
  welded: 0 | 1 | undefined;
}

/** How it went, for the summary. */
export interface Tally {
  rounds: number;
  victims: Counts;
  outcomes: Counts;
  skewsMs: number[];
}

export interface Board {
  nodes: Nodes;
  tap: Tap;
  tally: Tally;
  deeds: Deed[];
  /** What the tap had heard when this round began. */
  heardBefore: number;
}

/** What became of one node's order, as the broker saw it. */
export interface Told {
  giver: Node;
  victim: Node;
  cmdId: string;
  answers: Answered[];
}

export function told({ nodes, tap, heardBefore }: Board, giver: Node, cmdId: string): Told {
  const victim = nodes.both.find((node) => node !== giver) ?? giver;
  const heard = tap.heard().slice(heardBefore);
  const all = answersIn(heard, giver.orderer, nodes.keysOf(giver));
  return { giver, victim, cmdId, answers: all.filter((answer) => answer.cmdId === cmdId) };
}

export const isAccepted = ({ answers }: Told): boolean => answers[0]?.outcome === 'accepted';
export const finalOf = ({ answers }: Told): Answered | undefined =>
  answers.find(({ outcome }) => outcome !== 'accepted');

/** The order that was taken first. */
export function first(all: Told[]): Told {
  const taken = all
    .filter(isAccepted)
    .toSorted((a, b) => (a.answers[0]?.atMs ?? 0) - (b.answers[0]?.atMs ?? 0));
  assert.ok(taken[0] !== undefined, 'one of the two orders is taken');
  return taken[0];
}

export function victimOf(all: Told[]): Node {
  const done = all.filter((one) => finalOf(one)?.outcome === 'done');
  assert.equal(done.length, 1, `one fence is done: ${all.map(wordsOf).join('; ')}`);
  return (done[0] as Told).victim;
}

function wordsOf({ giver, answers }: Told): string {
  const words = answers.map(({ outcome, detail }) => `${outcome} ${detail}`.trim());
  return `${giver.host} was told ${words.length === 0 ? 'nothing' : words.join(', ')}`;
}

export function judgeRound(board: Board, round: Round, all: Told[], fromMs: number): void {
  const { nodes, tally } = board;
  const { bench } = nodes.rack;
  const words = `${JSON.stringify(round)}: ${all.map(wordsOf).join('; ')}`;
  const opened = bench.contacts().filter((edge) => edge.to === 'open' && edge.atMs >= fromMs);
  assert.equal(opened.length, 1, `one contact opens: ${words}`);
  const victim = victimOf(all);
  assert.equal(opened[0]?.host, victim.host, `the victim is who was fenced: ${words}`);
  const won = all.find((one) => one.victim === victim) as Told;
  const lost = all.find((one) => one !== won) as Told;
  const done = finalOf(won);
  assert.equal(done?.proof, 'verified', words);
  const window = { fromMs, toMs: done?.atMs ?? 0, holdMs: MILLIS.holdMs };
  assert.ok(wasDark(bench, victim.host, window), `it was off for the hold: ${words}`);
  assert.equal(nodes.reportOf(won.cmdId).end?.outcome ?? 'done', 'done', words);
  const dimmed = bench.edges(won.giver.host).filter((edge) => edge.atMs >= fromMs);
  assert.equal(dimmed.length, 0, `the winner kept its power: ${words}`);
  judgeLoser(board, lost, words);
  count(tally.victims, victim === nodes.both[0] ? 'first' : 'second');
}

/** Refused with the reason, or failed before; untold only where its node died first. */
export function judgeLoser(
  { nodes, tap, tally, heardBefore }: Board,
  lost: Told,
  words: string,
): void {
  const final = finalOf(lost);
  count(tally.outcomes, final === undefined ? 'died unheard' : `${final.outcome}: ${final.detail}`);
  if (final === undefined) {
    const id = Buffer.from(lost.cmdId, 'hex');
    const arrived = tap
      .heard()
      .slice(heardBefore)
      .some(({ topic, payload }) => topic.endsWith('/order') && Buffer.from(payload).includes(id));
    assert.ok(!arrived, `an order that arrived is answered: ${words}`);
    return;
  }
  if (final.outcome === 'failed') return;
  assert.ok(['refused', 'busy'].includes(final.outcome), words);
  assert.ok(!isAccepted(lost), `what is refused was not taken before: ${words}`);
  assert.ok(final.detail.startsWith('giver ') || final.outcome === 'busy', `a reason: ${words}`);
  const { end } = nodes.reportOf(lost.cmdId);
  if (end !== undefined) assert.equal(end.outcome, final.outcome, words);
}
