/** The commands that move relays: `fence`, `off`, `on`, and `ack`, for what cannot be proven. */
import { InvalidArgumentError } from 'commander';
import type { CommandSet, CommonOptions } from '../command-set.ts';
import { order, seconds } from './give.ts';

const POWER_WORDS: ['fence' | 'off' | 'on', string][] = [
  ['fence', 'cut the power of a host, prove that it is off, and give it back'],
  ['off', 'cut the power of a host and keep it off, until "on" by you or an operator'],
  ['on', 'give a host its power back'],
];

export function addOrders(set: CommandSet): void {
  for (const [word, what] of POWER_WORDS) addOrder(set, word, what);
  addAcknowledge(set);
}

function addOrder(set: CommandSet, word: 'fence' | 'off' | 'on', what: string): void {
  set.program
    .command(word)
    .argument('<host>')
    .description(what)
    .option('-y, --yes', 'do not ask')
    .option(
      '--incarnation <hex>',
      'only this life of the host, in eight hex digits; without it whatever runs now',
      incarnation,
    )
    .option('--wait <seconds>', 'how long to wait for the end', seconds, 60)
    .option('--override', 'move even a frozen host: you know which machine has power')
    .addHelpText(
      'after',
      `\nExamples:\n  fencepost ${word} deimos\n  fencepost ${word} deimos --yes --json`,
    )
    .action(
      (
        host: string,
        options: CommonOptions & {
          yes?: boolean;
          incarnation?: number;
          wait: number;
          override?: true;
        },
      ) =>
        order(set, options, {
          word,
          host,
          incarnation: options.incarnation ?? 0,
          args: options.override === true ? { override: options.override } : {},
          waitMs: options.wait * 1_000,
        }),
    );
}

function addAcknowledge(set: CommandSet): void {
  set.program
    .command('ack')
    .argument('<host>')
    .description('answer for it that a host is off, where its fence cannot be proven')
    .requiredOption('--reason <words>', 'why you know; it is recorded with your name')
    .option('-y, --yes', 'do not ask for the sentence')
    .option('--override', 'though it was heard, a sense reads on, or it is frozen')
    .option('--wait <seconds>', 'how long to wait for the end', seconds, 120)
    .addHelpText(
      'after',
      `
What can be cut is cut first, and what can be proven is proven; only where that fails does your word
stand for it. It is published as acknowledged, never as fenced, and the host stays off until "on".

Example:
  fencepost ack deimos --reason "plug pulled, INC1234"`,
    )
    .action(
      (
        host: string,
        options: CommonOptions & { reason: string; yes?: boolean; override?: true; wait: number },
      ) => {
        const { reason, override } = options;
        const args = { reason, ...(override === true ? { override } : {}) };
        return order(set, options, { word: 'ack', host, args, waitMs: options.wait * 1_000 });
      },
    );
}

function incarnation(text: string): number {
  if (!/^[0-9a-f]{8}$/i.test(text)) {
    throw new InvalidArgumentError('Write the eight hex digits that "fencepost status" shows.');
  }
  return Number.parseInt(text, 16);
}
