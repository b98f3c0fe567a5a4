/**
 * Giving an order, and telling the person what became of it.
 *
 * A fence kills a running machine, so a person is asked once; a script is not. While it runs, the
 * steps are read from the board's view, for people only: what counts is the final answer.
 */
import { every } from '../../protocol/link/timers.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { HostView } from '../../protocol/wire/view.ts';
import type { Board, BoardFailure } from './board.ts';
import type { Terminal } from './terminal.ts';
import { incarnationName, jsonLine } from './words.ts';

export type PowerWord = 'fence' | 'off' | 'on';

export interface OrderChoice {
  word: PowerWord;
  host: string;
  incarnation: number;
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
  const host = await hostNamed(board, choice.host);
  if (!host.ok) return host;
  if (!(await agreed(host.value, terminal, choice))) {
    return failure('refused', 'not confirmed, nothing was ordered');
  }
  const { word, incarnation, waitMs, json } = choice;
  let progress: { cancel(): void } | undefined;
  const end = await board.order({ op: word, host: choice.host, incarnation, waitMs }, () => {
    if (json) return;
    terminal.out(`accepted: ${word} ${choice.host}\n`);
    if (terminal.interactive) progress = showSteps(board, terminal, choice.host);
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
  if (word === 'on') return '';
  const records = await board.records(host);
  const entries = records.ok ? (records.value.at(-1)?.entries ?? []) : [];
  const said = entries.map(({ what }) => /off for [\d.]+ s/.exec(what)?.[0]);
  return said.findLast((words) => words !== undefined) ?? '';
}

/** Finds one host in the board's view; an unknown name is the caller's mistake. */
export async function hostNamed(
  board: Board,
  name: string,
): Promise<Result<HostView, BoardFailure>> {
  const view = await board.view();
  if (!view.ok) return view;
  const host = view.value.hosts.find((one) => one.name === name);
  if (host !== undefined) return ok(host);
  const known = view.value.hosts.map((one) => one.name).join(', ') || 'none';
  return failure('wrong-use', `no host is called ${name}; the hosts are: ${known}`);
}

async function agreed(host: HostView, terminal: Terminal, choice: OrderChoice): Promise<boolean> {
  if (choice.yes || choice.json || !terminal.interactive || choice.word === 'on') return true;
  const who = `${host.name} (${host.phase}, incarnation ${incarnationName(host.incarnation)})`;
  const then = choice.word === 'fence' ? 'and give it back' : 'and keep it off';
  const typed = await terminal.ask(`Cut the power of ${who} ${then}? Type yes: `);
  return typed === 'yes' || typed === 'y';
}

function showSteps(board: Board, terminal: Terminal, name: string): { cancel(): void } {
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
function closingLine({ word, host }: OrderChoice, end: OrderEnd, held: string): string {
  const detail = end.detail.trim();
  const words = detail === '' || detail === word ? '' : ` (${detail})`;
  const untested = end.untested ? ', untested: no drill yet' : '';
  switch (end.outcome) {
    case 'done':
      return `${PAST[word]} ${host}: ${proofWords(word, end, held)}${untested}${words}`;
    case 'already':
      return `${PAST[word]} ${host} already: ${proofWords(word, end, held)}${untested}${words}`;
    case 'failed':
      return `not ${PAST[word]} ${host}: it failed${words}; see: fencepost why ${host}`;
    case 'refused':
    case 'busy':
    case 'expired':
    case 'stale':
      return `not ${PAST[word]} ${host}: ${end.outcome}${words}`;
    case 'unknown':
    case 'interrupted':
    case 'no-answer':
      return `unknown whether ${host} is ${PAST[word]}: ${end.outcome}${words}; see: fencepost status ${host}`;
  }
}

const PAST: Record<PowerWord, string> = { fence: 'fenced', off: 'switched off', on: 'switched on' };

function proofWords(word: PowerWord, { proof }: OrderEnd, held: string): string {
  if (word === 'on') return 'it has power';
  if (proof === 'none') return 'no proof was asked for';
  return `${proof} ${held === '' ? 'off' : held}`;
}
