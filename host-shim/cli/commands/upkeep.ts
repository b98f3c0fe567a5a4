/** The commands for whoever keeps the board in order: `reload`. */
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { reload } from '../questions.ts';

export function addUpkeep(set: CommandSet): void {
  set.program
    .command('reload')
    .description('make the agent read its files again; where they are wrong the old ones stay')
    .addHelpText('after', '\nExample:\n  fencepost-agent check && fencepost reload')
    .action((options: CommonOptions) =>
      atBoard(set, options, (board) => reload(board, set.setup.terminal, options)),
    );
}
