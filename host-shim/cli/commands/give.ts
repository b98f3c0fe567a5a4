/** What the commands that order something have in common: how an order is given, and how long it waits. */
import { InvalidArgumentError } from 'commander';
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { exitCodeOf } from '../exit-code.ts';
import { giveOrder, type OrderChoice } from '../order.ts';
import { givePlain, type PlainOrder } from '../timer.ts';

/** What is answered without a fence is answered at once. */
export const ANSWER_WAIT_MS = 15_000;

type Wish = Pick<OrderChoice, 'word' | 'host' | 'args' | 'waitMs'> &
  Partial<Pick<OrderChoice, 'incarnation' | 'yes'>>;

/** Gives an order that a person may be asked about; its outcome is the exit code. */
export function order(
  set: CommandSet,
  options: CommonOptions & { yes?: boolean },
  wish: Wish,
): Promise<void> {
  const choice = {
    incarnation: 0,
    yes: options.yes === true,
    json: options.json === true,
    ...wish,
  };
  return atBoard(
    set,
    options,
    (board) => giveOrder(board, set.setup.terminal, choice),
    ({ outcome }) => exitCodeOf(outcome),
  );
}

/** The same for what has one sentence for its success. */
export function plainOrder(
  set: CommandSet,
  options: CommonOptions,
  wish: Omit<PlainOrder, 'json'>,
): Promise<void> {
  const whole = { ...wish, json: options.json === true };
  return atBoard(
    set,
    options,
    (board) => givePlain(board, set.setup.terminal, whole),
    ({ outcome }) => exitCodeOf(outcome),
  );
}

/** Seconds for which a command waits. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 1 || value > 3_600) {
    throw new InvalidArgumentError('Write a number of seconds from 1 to 3600.');
  }
  return value;
}
