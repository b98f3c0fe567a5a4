/** The commands that tell the board not to fence, and to fence again: `disable`, `enable`. */
import { type Command, InvalidArgumentError } from 'commander';
import * as v from 'valibot';
import { durationSchema } from '../../../protocol/config-fields.ts';
import { FOR_S_MAX, type OrderArgs } from '../../../protocol/wire/order-args.ts';
import type { CommandSet, CommonOptions } from '../command-set.ts';
import { ANSWER_WAIT_MS, order } from './give.ts';

interface Options extends CommonOptions {
  all?: true;
  for?: number;
  reason?: string;
}

export function addDomain(set: CommandSet): void {
  const { program } = set;
  const disable = program
    .command('disable')
    .argument('[host]', 'the host that goes into maintenance')
    .description('put a host into maintenance, or with --all stop all fencing of the board')
    .option(
      '--all',
      'emergency: nothing is cut any more, by verdict or by order, until "enable --all"',
    )
    .option('--for <duration>', 'how long the maintenance lasts: "30m", "2h"; 1 h without it', span)
    .option('--reason <words>', 'why; shown with the alarm that stands meanwhile')
    .addHelpText(
      'after',
      `
A host in maintenance is not fenced for its silence; orders are obeyed. It ends by itself. All is
remembered over a restart of the agent; where its disk did not take it the exit code is 1.

Examples:
  fencepost disable deimos --for 2h --reason "new disks"
  fencepost disable --all --reason "it fences wrongly"`,
    );
  act(set, disable, 'disable');
  const enable = program
    .command('enable')
    .argument('[host]', 'the host whose maintenance is over')
    .description('end the maintenance of a host, or with --all let the board fence again')
    .option('--all', 'take back "disable --all"')
    .addHelpText('after', '\nExamples:\n  fencepost enable deimos\n  fencepost enable --all');
  act(set, enable, 'enable');
}

function act(set: CommandSet, command: Command, word: 'disable' | 'enable'): void {
  command.action((host: string | undefined, options: Options) => {
    if ((host === undefined) !== (options.all === true)) {
      command.error('error: name a host, or write --all for the whole board');
    }
    if (options.all === true && options.for !== undefined) {
      command.error('error: an emergency has no --for; it lasts until "enable --all"');
    }
    const args: OrderArgs = {
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.for === undefined ? {} : { forS: options.for }),
    };
    return order(set, options, { word, host: host ?? '', args, waitMs: ANSWER_WAIT_MS, yes: true });
  });
}

/** Whole seconds of a duration as it stands in a configuration. */
function span(text: string): number {
  const parsed = v.safeParse(durationSchema, text);
  const seconds = parsed.success ? Math.ceil(parsed.output / 1_000) : 0;
  if (seconds >= 1 && seconds <= FOR_S_MAX) return seconds;
  throw new InvalidArgumentError('Write a duration such as "30m", "2h" or "90s".');
}
