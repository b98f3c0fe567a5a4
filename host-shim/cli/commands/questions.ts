/** The commands that ask, and change nothing: `ls`, `status`, `watch`, `why`, `history`. */
import { InvalidArgumentError } from 'commander';
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { showDomain, showHistory, showStatus, showWhy } from '../questions.ts';
import { watch } from '../watch.ts';

export function addQuestions(set: CommandSet): void {
  const { program } = set;
  const { terminal } = set.setup;
  program
    .command('ls')
    .description('show the fence domain: members, victims, what the board waits for')
    .addHelpText('after', '\nExample:\n  fencepost ls --json | jq .victimCount')
    .action((options: CommonOptions) =>
      atBoard(set, options, (board) => showDomain(board, terminal, options)),
    );
  program
    .command('status')
    .argument('[host]', 'one host in detail')
    .description('show what the board knows of its hosts, and the alarms that stand')
    .addHelpText('after', '\nExamples:\n  fencepost status\n  fencepost status deimos')
    .action((host: string | undefined, options: CommonOptions) =>
      atBoard(set, options, (board) => showStatus(board, terminal, host, options)),
    );
  program
    .command('watch')
    .description('show the hosts live; in a pipe print them once')
    .option('-f, --follow', 'in a pipe, print again whenever something changes')
    .addHelpText(
      'after',
      '\nExamples:\n  fencepost watch\n  fencepost watch --follow --json | tee log',
    )
    .action((options: CommonOptions & { follow?: boolean }) => {
      const choice = {
        json: options.json === true,
        follow: options.follow === true,
        periodMs: 500,
      };
      return atBoard(set, options, (board) => watch(board, terminal, choice));
    });
  program
    .command('why')
    .argument('<host>')
    .argument('[id]', 'the number of a fence, as history shows it; without it the last', whole)
    .description('explain a fence of a host: evidence, proof, times, who and why')
    .addHelpText('after', '\nExamples:\n  fencepost why deimos\n  fencepost why deimos 17')
    .action((name: string, id: number | undefined, options: CommonOptions) =>
      atBoard(set, options, (board) => showWhy(board, terminal, { name, id }, options)),
    );
  addHistory(set);
}

function addHistory(set: CommandSet): void {
  set.program
    .command('history')
    .argument('[host]', 'one host; without it all')
    .description('list the last fences: when, of whom, by whom, how sure, how long')
    .option('--last <count>', 'how many', whole, 20)
    .addHelpText(
      'after',
      '\nExamples:\n  fencepost history\n  fencepost history deimos --last 3 --json' +
        '\n\nThe board keeps 200; through the broker come the last five of each host.',
    )
    .action((name: string | undefined, options: CommonOptions & { last: number }) => {
      const choice = { name, last: options.last };
      return atBoard(set, options, (board) =>
        showHistory(board, set.setup.terminal, choice, options),
      );
    });
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 1.');
  return Number(text);
}
