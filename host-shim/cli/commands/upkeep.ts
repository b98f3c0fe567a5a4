/** The commands for whoever keeps the board in order: `doctor`, `reload`. */
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { doctor } from '../doctor/doctor.ts';
import { reload } from '../questions.ts';

export function addUpkeep(set: CommandSet): void {
  set.program
    .command('doctor')
    .description('check the set-up of the board as it is now; changes nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  fencepost doctor\n  fencepost doctor --json | jq .verdict' +
        '\n\nHere 1 means that something is bad, 3 that the agent does not answer.',
    )
    .action(async (options: CommonOptions) => set.setExit(await doctor(set.setup, options)));
  set.program
    .command('reload')
    .description('make the agent read its files again; where they are wrong the old ones stay')
    .addHelpText('after', '\nExample:\n  fencepost-agent check && fencepost reload')
    .action((options: CommonOptions) =>
      atBoard(set, options, (board) => reload(board, set.setup.terminal, options)),
    );
}
