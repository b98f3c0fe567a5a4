/**
 * Giving an order, and telling the person what became of it.
 *
 * A fence kills a running machine, so a person is asked once; a script is not. While it runs, the
 * steps are read from the board's view, for people only: what counts is the final answer.
 */
import { every } from '../../protocol/link/timers.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { OrderArgs } from '../../protocol/wire/order-args.ts';
import type { Board, BoardFailure } from './board.ts';
import type { Terminal } from './terminal.ts';
import { incarnationName, jsonLine } from './words.ts';

export type OrderWord = 'fence' | 'off' | 'on' | 'ack' | 'disable' | 'enable';

export interface OrderChoice {
  word: OrderWord;
  /** Empty for the whole board. */
  host: string;
  incarnation: number;
  args: OrderArgs;
  waitMs: number;
  json: boolean;
  yes: boolean;
}

/** Progress is for eyes: a few looks a second are enough. */
const PROGRESS_MS = 400;

/** Orders and prints; resolves with the end, which decides the exit code. */
export async function giveOrder(
  board: Board,
  terminal: Terminal,
  choice: OrderChoice,
): Promise<Result<OrderEnd, BoardFailure>> {
  const agreed = await isAgreed(board, terminal, choice);
  if (!agreed.ok) return agreed;
  const { word, incarnation, args, waitMs, json } = choice;
  let progress: { cancel(): void } | undefined;
  const end = await board.order({ op: word, host: choice.host, incarnation, args, waitMs }, () => {
    if (json) return;
    terminal.out(`accepted: ${word} ${nameOf(choice)}\n`);
    if (terminal.interactive && choice.host !== '')
      progress = showSteps(board, terminal, choice.host);
  });
  progress?.cancel();
  if (!end.ok) return end;
  if (json) {
    terminal.out(jsonLine({ op: word, host: choice.host, ...end.value }));
  } else {
    const held = end.value.outcome === 'done' ? await heldWords(board, choice) : '';
    terminal.out(`${closingLine(choice, end.value, held)}\n`);
  }
  return end;
}

/** How long everything was seen off, as the board's record says; empty where it does not. */
async function heldWords(board: Board, { word, host }: OrderChoice): Promise<string> {
  if (word !== 'fence' && word !== 'off') return '';
  const records = await board.records(host);
  const entries = records.ok ? (records.value.at(-1)?.entries ?? []) : [];
  const said = entries.map(({ what }) => /off for [\d.]+ s/.exec(what)?.[0]);
  return said.findLast((words) => words !== undefined) ?? '';
}

/** Asks before power goes; an acknowledgement wants the whole sentence, for a person answers for it. */
async function isAgreed(
  board: Board,
  terminal: Terminal,
  choice: OrderChoice,
): Promise<Result<void, BoardFailure>> {
  if (choice.host === '') return ok(undefined);
  const host = await board.glance(choice.host);
  if (!host.ok) return host;
  const { word, yes, json } = choice;
  if (yes || word === 'on' || word === 'disable' || word === 'enable') return ok(undefined);
  const who = `${host.value.name} (${host.value.phase}, incarnation ${incarnationName(host.value.incarnation)})`;
  if (word === 'ack') {
    if (json || !terminal.interactive) return failure('wrong-use', ANSWER_FOR_IT);
    const sentence = `I have seen that ${choice.host} has no power`;
    const typed = await terminal.ask(
      `Nobody may be able to prove that ${who} is off; services on it will be started elsewhere.\n` +
        `Type: ${sentence}\n> `,
    );
    return typed === sentence ? ok(undefined) : failure('refused', UNCONFIRMED);
  }
  if (json || !terminal.interactive) return ok(undefined);
  const then = word === 'fence' ? 'and give it back' : 'and keep it off';
  const typed = await terminal.ask(`Cut the power of ${who} ${then}? Type yes: `);
  return typed === 'yes' || typed === 'y' ? ok(undefined) : failure('refused', UNCONFIRMED);
}

const UNCONFIRMED = 'not confirmed, nothing was ordered';
const ANSWER_FOR_IT =
  'an acknowledgement is asked for in a sentence: give it at a terminal, or with --yes';

/** Prints each step of a host's fence as it comes, until cancelled. */
export function showSteps(board: Board, terminal: Terminal, name: string): { cancel(): void } {
  let shown = '';
  return every(PROGRESS_MS, () => {
    void board.view().then((view) => {
      if (!view.ok) return;
      const step = view.value.hosts.find((one) => one.name === name)?.fence?.step ?? '';
      if (step !== '' && step !== shown) terminal.out(`  ${step}\n`);
      shown = step;
    });
  });
}

/** The line that a person remembers: `fenced deimos: verified off for 2.0 s`. */
function closingLine(choice: OrderChoice, end: OrderEnd, held: string): string {
  const { word, host } = choice;
  const name = nameOf(choice);
  const detail = end.detail.trim();
  const words = detail === '' || detail === word ? '' : ` (${detail})`;
  const untested = end.untested && end.proof !== 'by-hand' ? ', untested: no drill yet' : '';
  switch (end.outcome) {
    case 'done':
      return `${PAST[word]} ${name}: ${proofWords(choice, end, held)}${untested}${words}`;
    case 'already':
      return `${PAST[word]} ${name} already: ${proofWords(choice, end, held)}${untested}${words}`;
    case 'failed':
      if (detail === 'until restart') {
        return `${PAST[word]} ${name}, but only until the agent restarts: its disk did not take it`;
      }
      return `not ${PAST[word]} ${name}: it failed${words}; see: fencepost why ${host}`;
    case 'refused':
    case 'busy':
    case 'expired':
    case 'stale':
      return `not ${PAST[word]} ${name}: ${end.outcome}${words}`;
    case 'unknown':
    case 'interrupted':
    case 'no-answer':
      return `unknown whether ${name} is ${STATE[word]}: ${end.outcome}${words}; see: fencepost status ${host}`;
  }
}

function nameOf({ host }: OrderChoice): string {
  return host === '' ? 'the whole board' : host;
}

const PAST: Record<OrderWord, string> = {
  fence: 'fenced',
  off: 'switched off',
  on: 'switched on',
  ack: 'acknowledged',
  disable: 'stopped fencing',
  enable: 'again fencing',
};

/** What it is once the order was carried out. */
const STATE: Record<OrderWord, string> = {
  ...PAST,
  disable: 'disabled',
  enable: 'enabled',
};

function proofWords({ word, host }: OrderChoice, { proof }: OrderEnd, held: string): string {
  if (word === 'on') return 'it has power';
  if (word === 'disable') return host === '' ? 'nothing is cut any more' : 'it is in maintenance';
  if (word === 'enable') return 'what was silent is judged when it was heard again';
  if (proof === 'by-hand') return 'by hand; nothing proves that it is off';
  if (proof === 'none') return 'no proof was asked for';
  return `${proof} ${held === '' ? 'off' : held}`;
}
