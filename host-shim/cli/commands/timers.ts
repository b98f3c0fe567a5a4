/** The watchdog timer (`timer get|set|reset|off`) and the pulses (`reset`, `diag`). */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  PRE_ACTION,
  type PreAction,
  TIMEOUT_MAX_MS,
  TIMER_ACTION,
  TIMER_UNIT_MS,
  TIMER_USE,
  type TimerAction,
  type TimerSettings,
  type TimerUse,
} from '../../../protocol/wire/timer.ts';
import { atBoard, type CommandSet, type CommonOptions } from '../command-set.ts';
import { type PlainOrder, showTimer } from '../timer.ts';
import { ANSWER_WAIT_MS, plainOrder, seconds } from './give.ts';

interface SetOptions extends CommonOptions {
  timeout: number;
  action: TimerAction;
  mode: 'beat' | 'kick';
  pretimeout?: number;
  preAction: PreAction;
  nowayout?: true;
  use: TimerUse;
}

export function addTimers(set: CommandSet): void {
  const timer = set.program
    .command('timer')
    .description('the watchdog timer of a host: see it, set it, refresh it, end it');
  addGet(set, timer);
  addSet(set, timer);
  addPlain(set, timer, 'reset', 'refresh the timer: its whole time begins anew', {
    op: 'timer-reset',
    done: 'its timer was refreshed',
  });
  addPlain(set, timer, 'off', 'disarm the timer, unless it is nowayout', {
    op: 'timer-off',
    done: 'its timer is off',
  });
  addPulse(set, 'reset', 'pulse the reset line of a host; done once it is heard in a new life');
  addPulse(set, 'diag', 'give a host a diagnostic interrupt; done once it is heard in a new life');
}

function addGet(set: CommandSet, timer: Command): void {
  timer
    .command('get')
    .argument('<host>')
    .description('show the timer, in the words of "ipmitool mc watchdog get"')
    .addHelpText(
      'after',
      '\nExamples:\n  fencepost timer get deimos\n  fencepost timer get deimos --json',
    )
    .action((host: string, options: CommonOptions) =>
      atBoard(set, options, (board) =>
        showTimer(board, set.setup.terminal, host, options.json === true),
      ),
    );
}

function addSet(set: CommandSet, timer: Command): void {
  const words = (flags: string, what: string, table: object): Option =>
    new Option(flags, what).choices(Object.keys(table));
  timer
    .command('set')
    .argument('<host>')
    .description('arm the timer of a host anew')
    .requiredOption('--timeout <seconds>', 'after how long without a refresh it acts', tenths)
    .addOption(words('--action <action>', 'what it does then', TIMER_ACTION).makeOptionMandatory())
    .addOption(words('--mode <mode>', 'what refreshes it', { beat: 1, kick: 1 }).default('beat'))
    .option('--pretimeout <seconds>', 'how long before the expiry the pre-timeout acts', tenths)
    .addOption(words('--pre-action <action>', 'what it does', PRE_ACTION).default('warn'))
    .option('--nowayout', 'nothing changes or disarms it while this life of the host lasts')
    .addOption(words('--use <use>', 'what it is for', TIMER_USE).default('sms-os'))
    .addHelpText(
      'after',
      '\nExamples:\n  fencepost timer set deimos --timeout 60 --action cycle --mode kick' +
        '\n  fencepost timer set deimos --timeout 10 --action off --pretimeout 3',
    )
    .action((host: string, options: SetOptions, command: Command) => {
      if ((options.pretimeout ?? 0) >= options.timeout) {
        command.error('error: the pre-timeout counts back from the expiry: shorten it');
      }
      return plainOrder(set, options, {
        op: 'timer-set',
        host,
        args: { timer: settingsOf(options) },
        waitMs: ANSWER_WAIT_MS,
        done: `its timer is armed: ${options.action} after ${options.timeout / 1_000} s`,
      });
    });
}

function settingsOf(options: SetOptions): TimerSettings {
  const { timeout: timeoutMs, action, mode, pretimeout: pretimeoutMs = 0, use } = options;
  const preAction = pretimeoutMs === 0 ? 'none' : options.preAction;
  const nowayout = options.nowayout === true;
  const before = preAction === 'none' ? 0 : pretimeoutMs;
  return { use, mode, nowayout, action, preAction, timeoutMs, pretimeoutMs: before };
}

function addPlain(
  set: CommandSet,
  timer: Command,
  word: string,
  what: string,
  plain: Pick<PlainOrder, 'op' | 'done'>,
): void {
  timer
    .command(word)
    .argument('<host>')
    .description(what)
    .addHelpText('after', `\nExample:\n  fencepost timer ${word} deimos`)
    .action((host: string, options: CommonOptions) =>
      plainOrder(set, options, { ...plain, host, args: {}, waitMs: ANSWER_WAIT_MS }),
    );
}

function addPulse(set: CommandSet, op: 'reset' | 'diag', what: string): void {
  set.program
    .command(op)
    .argument('<host>')
    .description(what)
    .option('-y, --yes', 'do not ask')
    .option('--wait <seconds>', 'how long to wait for the new life', seconds, 300)
    .addHelpText(
      'after',
      `\nExamples:\n  fencepost ${op} deimos\n  fencepost ${op} deimos --yes --wait 600 --json` +
        '\n\nA pulse proves nothing: it never says fenced. Where it must be off, order a fence.',
    )
    .action(async (host: string, options: CommonOptions & { yes?: true; wait: number }) => {
      const { terminal } = set.setup;
      const asks = terminal.interactive && options.yes !== true && options.json !== true;
      const typed = asks ? await terminal.ask(`Interrupt what runs on ${host}? Type yes: `) : 'yes';
      if (typed !== 'yes' && typed !== 'y') {
        terminal.err('fencepost: not confirmed, nothing was ordered\n');
        return set.setExit(1);
      }
      const waitMs = options.wait * 1_000;
      const done = 'it is heard in a new life';
      return plainOrder(set, options, { op, host, args: {}, waitMs, done });
    });
}

/** Seconds on the command line, tenths at the finest, as ms. */
function tenths(text: string): number {
  const ms = Math.round(Number(text) * 1_000);
  if (!(ms > 0 && ms <= TIMEOUT_MAX_MS) || ms % TIMER_UNIT_MS !== 0) {
    throw new InvalidArgumentError('Write seconds from 0.1 to 6553.5, in tenths.');
  }
  return ms;
}
