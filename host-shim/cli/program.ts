/**
 * The command `fencepost`: what it understands, and the number it ends with.
 *
 * The commands come in groups (`commands/`); here stands what all of them share. The way to the
 * board comes in from outside, so that a test can put any board there.
 */
import { Command, type CommanderError } from 'commander';
import { attempt } from '../../protocol/attempt.ts';
import type { ProgramSetup } from './command-set.ts';
import { addDomain } from './commands/domain.ts';
import { addDrills } from './commands/drills.ts';
import { addKeys } from './commands/keys.ts';
import { addOrders } from './commands/orders.ts';
import { addQuestions } from './commands/questions.ts';
import { addTimers } from './commands/timers.ts';
import { addUpkeep } from './commands/upkeep.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

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

function programOf(setup: ProgramSetup, setExit: (code: ExitCode) => void): Command {
  const program = new Command('fencepost');
  program
    .description('Looks at, and orders, the board that guards your servers.')
    .version(setup.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .showHelpAfterError('(fencepost --help explains the commands)')
    .addHelpText('after', EXAMPLES)
    .addHelpText('afterAll', EXIT_HELP);
  for (const add of [addQuestions, addOrders, addDrills, addTimers, addDomain, addUpkeep])
    add({ program, setup, setExit });
  everyCommand(program, (command) => {
    if (command.commands.length === 0) addCommon(command);
  });
  // Its words work on a file and go to no broker, so they have options of their own.
  addKeys({ program, setup, setExit });
  everyCommand(program, (command) => {
    command.configureOutput({
      writeOut: setup.terminal.out,
      writeErr: setup.terminal.err,
      outputError: (words, write) => write(words.replace(/^error: /, 'fencepost: ')),
    });
  });
  return program;
}

const EXAMPLES = `
Examples:
  fencepost status                 every host, and the alarms that stand
  fencepost fence deimos           cut, prove that it is off, give power back
  fencepost why deimos             what led to its last fence, and how sure it is
  fencepost keys --help            how a key is changed without a missed beat
  fencepost ls --config /etc/fencepost/fencepost.toml
                                   the same through the broker, from elsewhere

On the board itself no key is needed: who may open the agent's socket may order.`;

function addCommon(command: Command): void {
  command
    .option('--json', 'print JSON, one document a line, and never ask')
    .option('--socket <path>', 'the socket of the agent on this machine')
    .option('--config <file>', 'go through the broker or the shim, as this fencepost.toml says');
}

function everyCommand(program: Command, fn: (command: Command) => void): void {
  fn(program);
  for (const command of program.commands) everyCommand(command, fn);
}
