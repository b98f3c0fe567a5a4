/** The command that shows whose outlets the board cuts: `drill`. */
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { drill } from '../drill.ts';
import { seconds } from './give.ts';

interface Options extends CommonOptions {
  yes?: boolean;
  wait: number;
  report?: string;
}

export function addDrills(set: CommandSet): void {
  set.program
    .command('drill')
    .argument('<host>')
    .description('fence a host on purpose, and see that it, and no other, goes off and comes back')
    .option('-y, --yes', 'do not ask')
    .option('--wait <seconds>', 'how long the fence, and then the boot, may take', seconds, 600)
    .option('--report <file>', 'write the report there, too')
    .addHelpText(
      'after',
      `
Until a drill has shown its wiring, every proof of a host is marked untested. All hosts must beat.
Stop what runs on it first: its power is cut as in any fence. The report proposes times that fit.

Examples:
  fencepost drill deimos --report deimos.txt
  fencepost drill deimos --yes --json`,
    )
    .action((host: string, { yes, json, wait, report, ...route }: Options) =>
      atBoard(
        set,
        { ...route, ...(json === undefined ? {} : { json }) },
        (board) =>
          drill(board, set.setup.terminal, {
            host,
            waitMs: wait * 1_000,
            json: json === true,
            yes: yes === true,
            ...(report === undefined ? {} : { reportPath: report }),
          }),
        (code) => code,
      ),
    );
}
