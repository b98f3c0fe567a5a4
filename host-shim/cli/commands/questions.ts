/** The commands that ask, and change nothing: `ls`, `status`, `watch`, `why`. */
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { showDomain, showStatus, showWhy } from '../questions.ts';
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
    .description('explain the last fence of a host: evidence, proof, times, who and why')
    .addHelpText('after', '\nExample:\n  fencepost why deimos')
    .action((host: string, options: CommonOptions) =>
      atBoard(set, options, (board) => showWhy(board, terminal, host, options)),
    );
}
