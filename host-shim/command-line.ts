/**
 * The words behind `fencepost-shim`: which there are, and what each one has done.
 *
 * What is done comes in from outside, so that words that nobody meant can be tried without a machine
 * that obeys them.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import * as v from 'valibot';
import { durationSchema } from '../protocol/config-fields.ts';
import { VERSION } from '../protocol/version.ts';
import type { LeaveReason } from '../protocol/wire/messages.ts';
import { GROUP_WAIT_MAX_MS, RETURN_BY_DEFAULT_S, RETURN_BY_MAX_S } from './core/limits.ts';
import { EXIT } from './outcome.ts';

const CONFIG_DEFAULT = '/etc/fencepost/shim.toml';
const EXIT_HELP = '\nExit codes: 0 done, 1 not done, 2 wrong use or a wrong file, 3 unknown.';

/** Which shim is meant: by its socket where one is given, else as its configuration names it. */
export interface ShimOptions {
  config: string;
  socket?: string;
}

export interface LeaveOptions extends ShimOptions {
  reason: LeaveReason;
  /** Seconds. */
  returnBy: number;
}

type Done = void | Promise<void>;

/** What the commands come down to. Each says itself how it went. */
export interface ShimDeeds {
  run(shim: ShimOptions): Done;
  check(file: string, json: boolean): Done;
  leave(shim: LeaveOptions): Done;
  kick(shim: ShimOptions): Done;
  claim(shim: ShimOptions, group: string, waitMs: number): Done;
  release(shim: ShimOptions, group: string): Done;
  groups(shim: ShimOptions, json: boolean): Done;
}

export interface ShimTerminal {
  out(text: string): void;
  err(text: string): void;
  /** Where the words ask for nothing, or for help; ends, or throws. */
  end(exitCode: number): never;
}

/** Has done what the words ask for, or says what is wrong with them. */
export async function obeyShim(
  words: readonly string[],
  deeds: ShimDeeds,
  { out, err, end }: ShimTerminal,
): Promise<void> {
  // What is set here, the commands take over as they are added.
  const top = new Command('fencepost-shim')
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => write(text.replace(/^error: /, 'fencepost-shim: ')),
    })
    // Commander's own choice for a wrong command line is 1, which here means something else.
    .exitOverride(({ exitCode }) => end(exitCode === 0 ? EXIT.done : EXIT.wrongUse))
    .description('Beats for this server, so that its board knows that it lives.')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_HELP);
  const command: AddCommand = (name, what) =>
    top
      .command(name)
      .description(what)
      .option('--config <file>', 'the configuration', CONFIG_DEFAULT);
  addLife(command, deeds);
  addGroups((name, what) => command(name, what).option(...SOCKET), deeds);
  await top.parseAsync([...words], { from: 'user' });
}

type AddCommand = (name: string, what: string) => Command;
type WithJson = ShimOptions & { json?: boolean };

const SOCKET = ['--socket <path>', 'where the shim listens'] as const;

function addLife(command: AddCommand, deeds: ShimDeeds): void {
  command(
    'run',
    'beat on every configured channel until TERM or INT, then leave in order; HUP takes changed keys',
  )
    .option(
      '--socket <path>',
      'where "leave" and orders reach it (default: /run/fencepost/shim-HOST.sock)',
    )
    .addHelpText('after', '\nExample:\n  fencepost-shim run --config /etc/fencepost/shim.toml')
    .action((shim: ShimOptions) => deeds.run(shim));
  command('check', 'say what is wrong with the configuration and its key; changes nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fencepost-shim check --config shim.toml && echo good')
    .action(({ config, json }: WithJson) => deeds.check(config, json === true));
  command('leave', 'make the running shim take leave of the board, and end')
    .option(...SOCKET)
    .addOption(
      new Option('--reason <reason>', 'what comes next')
        .choices(['stop', 'reboot', 'off'])
        .default('stop'),
    )
    .option(
      '--return-by <seconds>',
      'how long the board is to wait for a return',
      seconds,
      RETURN_BY_DEFAULT_S,
    )
    .addHelpText('after', '\nExample:\n  fencepost-shim leave --reason reboot --return-by 300')
    .action((shim: LeaveOptions) => deeds.leave(shim));
  command('kick', 'refresh the watchdog timer of this host, where it is of mode "kick"')
    .option(...SOCKET)
    .addHelpText('after', '\nExample:\n  while is-healthy; do fencepost-shim kick; sleep 5; done')
    .action((shim: ShimOptions) => deeds.kick(shim));
}

function addGroups(command: AddCommand, deeds: ShimDeeds): void {
  command('claim', 'ask the board for a group; exit 0 only where its services may start here now')
    .argument('<group>', 'its name in shim.toml')
    .option('--wait <duration>', 'how long to go on asking, for example 60s', wait, 0)
    .addHelpText('after', '\nExample:\n  ExecStartPre=fencepost-shim claim db --wait 60s')
    .action((group: string, { wait: waitMs, ...shim }: ShimOptions & { wait: number }) =>
      deeds.claim(shim, group, waitMs),
    );
  command('release', 'tell the board that everything of a group was stopped here')
    .argument('<group>', 'its name in shim.toml')
    .addHelpText('after', '\nExample:\n  ExecStopPost=fencepost-shim release db')
    .action((group: string, shim: ShimOptions) => deeds.release(shim, group));
  command('groups', 'say which groups this host holds')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fencepost-shim groups --json')
    .action(({ json, ...shim }: WithJson) => deeds.groups(shim, json === true));
}

function wait(text: string): number {
  const parsed = v.safeParse(durationSchema, text);
  if (parsed.success && parsed.output <= GROUP_WAIT_MAX_MS) return Math.ceil(parsed.output);
  throw new InvalidArgumentError('Write a number with its unit, such as 60s, of at most 1h.');
}

function seconds(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= RETURN_BY_MAX_S) return Number(text);
  throw new InvalidArgumentError(`Write whole seconds from 0 to ${RETURN_BY_MAX_S}.`);
}
