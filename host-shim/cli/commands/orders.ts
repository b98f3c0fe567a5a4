/** The commands that move relays: `fence`, `off`, `on`. */
import { InvalidArgumentError } from 'commander';
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { exitCodeOf } from '../exit-code.ts';
import { giveOrder, type PowerWord } from '../order.ts';

const POWER_WORDS: [PowerWord, string][] = [
  ['fence', 'cut the power of a host, prove that it is off, and give it back'],
  ['off', 'cut the power of a host and keep it off, until "on" by you or an operator'],
  ['on', 'give a host its power back'],
];

export function addOrders(set: CommandSet): void {
  for (const [word, what] of POWER_WORDS) addOrder(set, word, what);
}

function addOrder(set: CommandSet, word: PowerWord, what: string): void {
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
    .addHelpText(
      'after',
      `\nExamples:\n  fencepost ${word} deimos\n  fencepost ${word} deimos --yes --json`,
    )
    .action(
      (
        host: string,
        options: CommonOptions & { yes?: boolean; incarnation?: number; wait: number },
      ) => {
        const choice = {
          word,
          host,
          incarnation: options.incarnation ?? 0,
          waitMs: options.wait * 1_000,
          json: options.json === true,
          yes: options.yes === true,
        };
        return atBoard(
          set,
          options,
          (board) => giveOrder(board, set.setup.terminal, choice),
          ({ outcome }) => exitCodeOf(outcome),
        );
      },
    );
}

function incarnation(text: string): number {
  if (!/^[0-9a-f]{8}$/i.test(text)) {
    throw new InvalidArgumentError('Write the eight hex digits that "fencepost status" shows.');
  }
  return Number.parseInt(text, 16);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 1 || value > 3_600) {
    throw new InvalidArgumentError('Write a number of seconds from 1 to 3600.');
  }
  return value;
}
