/**
 * The command `fencepost`: what it understands, and the number it ends with.
 *
 * Everything here is about the command line; what a command does lies in its own file. The way to
 * the board comes in from outside, so that a test can put any board there.
 */
import { Command, type CommanderError, InvalidArgumentError } from 'commander';
import { attempt } from '../../protocol/attempt.ts';
import type { Result } from '../../protocol/result.ts';
import type { Board, BoardFailure } from './board.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { giveOrder, type PowerWord } from './order.ts';
import { reload, showDomain, showStatus, showWhy } from './questions.ts';
import type { Terminal } from './terminal.ts';
import { watch } from './watch.ts';
import { jsonLine } from './words.ts';

/** How the person said the board is to be reached; nothing given means the board's own socket. */
export interface Route {
  socket?: string;
  config?: string;
}

export interface ProgramSetup {
  terminal: Terminal;
  version: string;
  connect(route: Route): Promise<Result<Board, BoardFailure>>;
}

interface CommonOptions extends Route {
  json?: boolean;
}

const EXIT_HELP = `
Exit codes: 0 done, 1 not done, 2 wrong use, 3 unknown (neither is proven; look before you act).`;

/** Runs one command line, without the program's own name; never throws for the caller's mistakes. */
export async function runCommand(args: readonly string[], setup: ProgramSetup): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = programOf(setup, (code) => {
    exitCode = code;
  });
  let ended: CommanderError | undefined;
  // Commander prints, then insists on an end of its own; this is the only way to keep the process.
  everyCommand(program, (command) =>
    command.exitOverride((error) => {
      ended = error;
      throw error;
    }),
  );
  const ran = await attempt(() => program.parseAsync([...args], { from: 'user' }));
  if (ran.ok) return exitCode;
  if (ended === undefined) throw new Error(`fencepost itself failed: ${ran.detail}`);
  return ended.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
}

type SetExit = (code: ExitCode) => void;

function programOf(setup: ProgramSetup, setExit: SetExit): Command {
  const program = new Command('fencepost');
  program
    .description('Looks at, and orders, the board that guards your servers.')
    .version(setup.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .showHelpAfterError('(fencepost --help explains the commands)')
    .addHelpText('after', EXAMPLES)
    .addHelpText('afterAll', EXIT_HELP);
  addQuestions(program, setup, setExit);
  for (const [word, what] of POWER_WORDS) addOrder(program, setup, setExit, word, what);
  everyCommand(program, (command) => {
    command.configureOutput({
      writeOut: setup.terminal.out,
      writeErr: setup.terminal.err,
      outputError: (words, write) => write(words.replace(/^error: /, 'fencepost: ')),
    });
    if (command !== program) addCommon(command);
  });
  return program;
}

const EXAMPLES = `
Examples:
  fencepost status                 every host, and the alarms that stand
  fencepost fence deimos           cut, prove that it is off, give power back
  fencepost why deimos             what led to its last fence, and how sure it is
  fencepost ls --config /etc/fencepost/fencepost.toml
                                   the same through the broker, from elsewhere

On the board itself no key is needed: who may open the agent's socket may order.`;

const POWER_WORDS: [PowerWord, string][] = [
  ['fence', 'cut the power of a host, prove that it is off, and give it back'],
  ['off', 'cut the power of a host and keep it off, until "on" by you or an operator'],
  ['on', 'give a host its power back'],
];

function addCommon(command: Command): void {
  command
    .option('--json', 'print JSON, one document a line, and never ask')
    .option('--socket <path>', 'the socket of the agent on this machine')
    .option('--config <file>', 'go through the broker, as this fencepost.toml says');
}

function everyCommand(program: Command, fn: (command: Command) => void): void {
  fn(program);
  for (const command of program.commands) fn(command);
}

function addQuestions(program: Command, setup: ProgramSetup, setExit: SetExit): void {
  const { terminal } = setup;
  program
    .command('ls')
    .description('show the fence domain: members, victims, what the board waits for')
    .addHelpText('after', '\nExample:\n  fencepost ls --json | jq .victimCount')
    .action(async (options: CommonOptions) => {
      setExit(await withBoard(setup, options, (board) => showDomain(board, terminal, options)));
    });
  program
    .command('status')
    .argument('[host]', 'one host in detail')
    .description('show what the board knows of its hosts, and the alarms that stand')
    .addHelpText('after', '\nExamples:\n  fencepost status\n  fencepost status deimos')
    .action(async (host: string | undefined, options: CommonOptions) => {
      setExit(
        await withBoard(setup, options, (board) => showStatus(board, terminal, host, options)),
      );
    });
  program
    .command('watch')
    .description('show the hosts live; in a pipe print them once')
    .option('-f, --follow', 'in a pipe, print again whenever something changes')
    .addHelpText(
      'after',
      '\nExamples:\n  fencepost watch\n  fencepost watch --follow --json | tee log',
    )
    .action(async (options: CommonOptions & { follow?: boolean }) => {
      const choice = {
        json: options.json === true,
        follow: options.follow === true,
        periodMs: 500,
      };
      setExit(await withBoard(setup, options, (board) => watch(board, terminal, choice)));
    });
  program
    .command('why')
    .argument('<host>')
    .description('explain the last fence of a host: evidence, proof, times, who and why')
    .addHelpText('after', '\nExample:\n  fencepost why deimos')
    .action(async (host: string, options: CommonOptions) => {
      setExit(await withBoard(setup, options, (board) => showWhy(board, terminal, host, options)));
    });
  program
    .command('reload')
    .description('make the agent read its files again; where they are wrong the old ones stay')
    .addHelpText('after', '\nExample:\n  fencepost-agent check && fencepost reload')
    .action(async (options: CommonOptions) => {
      setExit(await withBoard(setup, options, (board) => reload(board, terminal, options)));
    });
}

function addOrder(
  program: Command,
  setup: ProgramSetup,
  setExit: SetExit,
  word: PowerWord,
  what: string,
): void {
  program
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
      async (
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
        let code: ExitCode = EXIT.done;
        const failed = await withBoard(setup, options, async (board) => {
          const end = await giveOrder(board, setup.terminal, choice);
          if (end.ok) code = exitCodeOf(end.value.outcome);
          return end;
        });
        setExit(failed === EXIT.done ? code : failed);
      },
    );
}

/** Reaches the board, does the deed, says what went wrong, and closes in any case. */
async function withBoard(
  { terminal, connect }: ProgramSetup,
  options: CommonOptions,
  deed: (board: Board) => Promise<Result<unknown, BoardFailure>>,
): Promise<ExitCode> {
  const board = await connect(options);
  const done = board.ok ? await deed(board.value) : board;
  if (board.ok) await board.value.close();
  if (done.ok) return EXIT.done;
  if (options.json) terminal.out(jsonLine({ error: { kind: done.kind, detail: done.detail } }));
  terminal.err(`fencepost: ${done.detail}\n`);
  return FAILURE_EXIT[done.kind];
}

const FAILURE_EXIT: Record<BoardFailure, ExitCode> = {
  absent: EXIT.notDone,
  forbidden: EXIT.notDone,
  refused: EXIT.notDone,
  silent: EXIT.unknown,
  'wrong-use': EXIT.wrongUse,
};

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
