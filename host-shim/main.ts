/**
 * The program `fencepost-shim`: what may be said on its command line, and what becomes of it.
 *
 * `run` is in serve.ts; the other commands look at the configuration, or talk to a running shim.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import * as v from 'valibot';
import { checkReport } from '../protocol/check-report.ts';
import { durationSchema } from '../protocol/config-fields.ts';
import { VERSION } from '../protocol/version.ts';
import { nodeCrypto } from '../protocol/wire/mac.ts';
import type { LeaveReason } from '../protocol/wire/messages.ts';
import type { ShimConfig } from './config/shim-config.ts';
import { GROUP_WAIT_MAX_MS, RETURN_BY_DEFAULT_S, RETURN_BY_MAX_S } from './core/limits.ts';
import { thisMachine } from './drivers/machine.ts';
import * as groupCommands from './group-commands.ts';
import { heldAgainst, type Loaded, loadShim } from './load.ts';
import { complain, EXIT } from './outcome.ts';
import { type RunOptions, serve } from './serve.ts';
import { askToKick, askToLeave, shimSocketPath } from './shim-socket.ts';

const CONFIG_DEFAULT = '/etc/fencepost/shim.toml';
const EXIT_HELP = '\nExit codes: 0 done, 1 not done, 2 wrong use or a wrong file, 3 unknown.';

interface CheckOptions extends RunOptions {
  json?: boolean;
}

interface ClaimOptions extends RunOptions {
  wait: number;
}

interface LeaveOptions extends RunOptions {
  reason: LeaveReason;
  returnBy: number;
}

function program(): Command {
  const top = new Command('fencepost-shim')
    .description('Beats for this server, so that its board knows that it lives.')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_HELP);
  const command = (name: string, what: string): Command =>
    top
      .command(name)
      .description(what)
      .option('--config <file>', 'the configuration', CONFIG_DEFAULT);
  command(
    'run',
    'beat on every configured channel until TERM or INT, then leave in order; HUP takes changed keys',
  )
    .option(
      '--socket <path>',
      'where "leave" and orders reach it (default: /run/fencepost/shim-HOST.sock)',
    )
    .addHelpText('after', '\nExample:\n  fencepost-shim run --config /etc/fencepost/shim.toml')
    .action((options: RunOptions) => serve(options, thisMachine));
  command('check', 'say what is wrong with the configuration and its key; changes nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fencepost-shim check --config shim.toml && echo good')
    .action(({ config, json }: CheckOptions) => check(config, json === true));
  command('leave', 'make the running shim take leave of the board, and end')
    .option('--socket <path>', 'where the shim listens')
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
    .action((options: LeaveOptions) => leave(options));
  command('kick', 'refresh the watchdog timer of this host, where it is of mode "kick"')
    .option('--socket <path>', 'where the shim listens')
    .addHelpText('after', '\nExample:\n  while is-healthy; do fencepost-shim kick; sleep 5; done')
    .action((options: RunOptions) => kick(options));
  addGroupCommands(command);
  return top;
}

function addGroupCommands(command: (name: string, what: string) => Command): void {
  const asking = (name: string, what: string): Command =>
    command(name, what).option('--socket <path>', 'where the shim listens');
  const at = async (options: RunOptions, ask: (where: string) => Promise<void>): Promise<void> => {
    const where = socketOf(options);
    if (where !== undefined) await ask(where);
  };
  asking('claim', 'ask the board for a group; exit 0 only where its services may start here now')
    .argument('<group>', 'its name in shim.toml')
    .option('--wait <duration>', 'how long to go on asking, for example 60s', wait, 0)
    .addHelpText('after', '\nExample:\n  ExecStartPre=fencepost-shim claim db --wait 60s')
    .action((group: string, { wait: waitMs, ...options }: ClaimOptions) =>
      at(options, (where) => groupCommands.claim(where, group, waitMs)),
    );
  asking('release', 'tell the board that everything of a group was stopped here')
    .argument('<group>', 'its name in shim.toml')
    .addHelpText('after', '\nExample:\n  ExecStopPost=fencepost-shim release db')
    .action((group: string, options: RunOptions) =>
      at(options, (where) => groupCommands.release(where, group)),
    );
  asking('groups', 'say which groups this host holds')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fencepost-shim groups --json')
    .action(({ json, ...options }: CheckOptions & { socket?: string }) =>
      at(options, (where) => groupCommands.groups(where, json === true)),
    );
}

function check(file: string, json: boolean): void {
  const loaded = heldAgainst(thisMachine, file, loadShim(file, nodeCrypto()));
  const { text, exitCode } = checkReport(checked(loaded), { file, json });
  process.stdout.write(`${text}\n`);
  process.exitCode = exitCode;
}

function checked(loaded: Loaded): Parameters<typeof checkReport>[0] {
  if (!loaded.ok) return loaded;
  const { host, agent, serial, mqtt } = loaded.config;
  const channels = [...(serial ? [`serial ${serial.path}`] : []), ...(mqtt ? [mqtt.url] : [])];
  const lines = [
    `${host.name}: guarded by ${agent.name}, over ${channels.join(' and ')}`,
    ...armedLines(loaded.config),
  ];
  const { selfFenceMs = null, watchdog = null } = loaded.config;
  const groups = Object.fromEntries(loaded.config.groups);
  const facts = { host: host.name, agent: agent.name, channels, selfFenceMs, watchdog, groups };
  return { ok: true, warnings: loaded.warnings, lines, facts };
}

/** What will be able to restart this machine from within. */
function armedLines({ selfFenceMs, byTimeout, watchdog }: ShimConfig): string[] {
  const after = (ms: number): string => `${ms / 1_000} s`;
  return [
    ...(watchdog === undefined
      ? []
      : [`restarted by ${watchdog.device} when nothing runs for ${after(watchdog.timeoutMs)}`]),
    ...(selfFenceMs === undefined
      ? []
      : [`restarts itself after ${after(selfFenceMs)} without contact, once it had any`]),
    ...(byTimeout
      ? ['its board may report that as fenced, so nothing but the board is contact, ever']
      : []),
  ];
}

/** Where the running shim listens: as said, or as its configuration names it. */
function socketOf({ config: path, socket }: RunOptions): string | undefined {
  if (socket !== undefined) return socket;
  const loaded = loadShim(path, nodeCrypto());
  if (loaded.ok) return shimSocketPath(loaded.config.host.name);
  complain(loaded);
  return undefined;
}

async function kick(options: RunOptions): Promise<void> {
  const where = socketOf(options);
  const kicked = where === undefined ? undefined : await askToKick(where);
  if (kicked === undefined || kicked.ok) return;
  process.stderr.write(`fencepost-shim: ${kicked.detail}\n`);
  process.exitCode = kicked.kind === 'silent' ? EXIT.unknown : EXIT.notDone;
}

async function leave({ reason, returnBy, ...options }: LeaveOptions): Promise<void> {
  const where = socketOf(options);
  if (where === undefined) return;
  const left = await askToLeave(where, { reason, returnByS: returnBy });
  if (!left.ok) {
    process.stderr.write(`fencepost-shim: ${left.detail}\n`);
    process.exitCode = left.kind === 'silent' ? EXIT.unknown : EXIT.notDone;
  } else if (left.value.told) {
    process.stdout.write('left in order; the board knows\n');
  } else {
    process.stdout.write('the shim ended; the board did not answer\n');
    process.exitCode = EXIT.unknown;
  }
}

function wait(text: string): number {
  const parsed = v.safeParse(durationSchema, text);
  if (parsed.success && parsed.output <= GROUP_WAIT_MAX_MS) return Math.ceil(parsed.output);
  throw new InvalidArgumentError('Write a number with its unit, such as 60s, of at most 1h.');
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= RETURN_BY_MAX_S) return value;
  throw new InvalidArgumentError(`Write whole seconds from 0 to ${RETURN_BY_MAX_S}.`);
}

const top = program();
for (const command of [top, ...top.commands]) {
  command.configureOutput({
    outputError: (words, write) => write(words.replace(/^error: /, 'fencepost-shim: ')),
  });
  // Commander's own choice for a wrong command line is 1, which here means something else.
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.done : EXIT.wrongUse));
}
void top.parseAsync();
