/**
 * What a group of commands gets: a program to hang them on, a terminal, and one way to the board.
 *
 * A group says what the command line looks like; what a command does lies in its own file.
 */
import type { Command } from 'commander';
import type { Failure, Result } from '../../protocol/result.ts';
import type { Board, BoardFailure } from './board.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';
import { jsonLine } from './words.ts';

/** How the person said the board is to be reached; nothing given means the board's own socket. */
export interface Route {
  socket?: string;
  config?: string;
}

/** The options of every command. */
export interface CommonOptions extends Route {
  json?: boolean;
}

export interface ProgramSetup {
  terminal: Terminal;
  version: string;
  connect(route: Route): Promise<Result<Board, BoardFailure>>;
}

export interface CommandSet {
  program: Command;
  setup: ProgramSetup;
  setExit(code: ExitCode): void;
}

/**
 * Reaches the board, does the deed, says what went wrong, closes in any case, and sets the exit
 * code: `codeOf` what was done, 0 without it.
 */
export async function atBoard<T>(
  set: CommandSet,
  options: CommonOptions,
  deed: (board: Board) => Promise<Result<T, BoardFailure>>,
  codeOf: (done: T) => ExitCode = () => EXIT.done,
): Promise<void> {
  const board = await set.setup.connect(options);
  const done = board.ok ? await deed(board.value) : board;
  if (board.ok) await board.value.close();
  finish(set, options, done, codeOf);
}

/** Says what went wrong, if anything, and sets the exit code. */
export function finish<T>(
  { setup: { terminal }, setExit }: CommandSet,
  options: { json?: boolean },
  done: Result<T, BoardFailure>,
  codeOf: (done: T) => ExitCode = () => EXIT.done,
): void {
  setExit(done.ok ? codeOf(done.value) : failed(terminal, options, done));
}

/** Says why nothing was done; answers the exit code. */
export function failed(
  terminal: Terminal,
  { json }: { json?: boolean },
  { kind, detail }: Failure<BoardFailure>,
): ExitCode {
  if (json) terminal.out(jsonLine({ error: { kind, detail } }));
  terminal.err(`fencepost: ${detail}\n`);
  return FAILURE_EXIT[kind];
}

const FAILURE_EXIT: Record<BoardFailure, ExitCode> = {
  absent: EXIT.notDone,
  forbidden: EXIT.notDone,
  listless: EXIT.notDone,
  refused: EXIT.notDone,
  silent: EXIT.unknown,
  'wrong-use': EXIT.wrongUse,
};
