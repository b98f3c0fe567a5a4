/**
 * The program `fencepost-shim`: composition only.
 *
 * How it ends decides what the board thinks. TERM and INT, and with them `systemctl stop` and
 * `restart`, take leave in order: LEAVING, LEFT, exit 0. This version manages no resource, so LEFT
 * may follow at once; a shim that starts again in the same boot joins anew with a new session of
 * the same incarnation, and nobody is fenced. A shim that is killed or crashes says nothing; if it
 * is not back within the board's deadtime its host is judged as any silent host. A second signal
 * ends it at once. HUP takes a changed keys file and misses no beat; a wrong file changes nothing.
 */
import { isatty } from 'node:tty';
import { isDeepStrictEqual } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { checkReport } from '../protocol/check-report.ts';
import type { LineServer } from '../protocol/control/server.ts';
import { soon } from '../protocol/link/timers.ts';
import { type Logger, logger } from '../protocol/log.ts';
import { type FdStream, fdStream } from '../protocol/log-stream.ts';
import { problemLine, problemText } from '../protocol/problem-text.ts';
import { VERSION } from '../protocol/version.ts';
import { nodeCrypto } from '../protocol/wire/mac.ts';
import type { LeaveReason } from '../protocol/wire/messages.ts';
import type { ShimConfig } from './config/shim-config.ts';
import { RETURN_BY_DEFAULT_S, RETURN_BY_MAX_S } from './core/limits.ts';
import { readIncarnation } from './drivers/boot-id.ts';
import { type Loaded, loadShim } from './load.ts';
import { runShim, type ShimShell } from './shell.ts';
import { askToKick, askToLeave, serveShim, shimSocketPath } from './shim-socket.ts';

const CONFIG_DEFAULT = '/etc/fencepost/shim.toml';
const EXIT = { done: 0, notDone: 1, wrongUse: 2, unknown: 3 } as const;
const EXIT_HELP = '\nExit codes: 0 done, 1 not done, 2 wrong use or a wrong file, 3 unknown.';

interface RunOptions {
  config: string;
  socket?: string;
}

interface CheckOptions extends RunOptions {
  json?: boolean;
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
    .action((options: RunOptions) => run(options));
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
  return top;
}

async function run({ config: path, socket }: RunOptions): Promise<void> {
  const crypto = nodeCrypto();
  const loaded = loadShim(path, crypto);
  if (!loaded.ok) return complain(loaded);
  const incarnation = readIncarnation(process.env['FENCEPOST_BOOT_ID']);
  if (!incarnation.ok) {
    process.stderr.write(`fencepost-shim: ${incarnation.detail}\n`);
    process.exitCode = EXIT.notDone;
    return;
  }
  const { config, ring, warnings } = loaded;
  const { log, stream } = makeLog();
  for (const warning of warnings) log.warn(problemLine(warning));
  const say = (level: 'info' | 'warn', sentence: string): void => log[level](sentence);
  let local: LineServer | undefined;
  const tellLocal = (line: string): void => local?.tell(line);
  const shell = runShim({ config, crypto, ring, incarnation: incarnation.value, say, tellLocal });
  const life = incarnation.value.toString(16).padStart(8, '0');
  process.on('SIGHUP', () => takeKeys(path, config, shell, log));
  log.info(`This is ${config.host.name}, incarnation ${life}, guarded by ${config.agent.name}.`);

  const leaveAndEnd = async (
    reason: LeaveReason,
    returnByS: number,
  ): Promise<{ told: boolean }> => {
    const end = await shell.leave(reason, returnByS);
    if (end.told) log.info('Left in order.');
    else log.warn('Ended; the board did not answer, and will judge this host as silent.');
    return end;
  };
  const end = async (): Promise<void> => {
    await shell.close();
    stream.flush();
    process.exit(EXIT.done);
  };
  const where = socket ?? shimSocketPath(config.host.name);
  const served = await serveShim(where, {
    leave: async ({ reason, returnByS }) => {
      const told = await leaveAndEnd(reason, returnByS);
      // The answer goes out first: the process ends a turn later.
      soon(() => void end());
      return told;
    },
    kick: () => shell.kick(),
    relay: shell.relay,
    warn: (sentence) => log.warn(sentence),
  });
  if (served.ok) local = served.value;
  else log.info(`No "leave", kick or order of this server reaches this shim: ${served.detail}.`);
  onSignals(async () => {
    await leaveAndEnd('stop', RETURN_BY_DEFAULT_S);
    await local?.close();
    await end();
  });
}

/** The running configuration stays: only a restart can change paths and names. */
function takeKeys(path: string, running: ShimConfig, shell: ShimShell, log: Logger): void {
  const next = loadShim(path, nodeCrypto());
  if (!next.ok) {
    for (const problem of next.problems) log.error(`keys not taken: ${problemLine(problem)}`);
    return;
  }
  if (!isDeepStrictEqual(next.config, running)) {
    log.error(`keys not taken: ${path} changed, too. Restart the shim to have both taken.`);
    return;
  }
  const kid = shell.takeKeys(next.keys);
  log.info(`The keys are read again; beats go on, under key ${kid} as soon as the board has it.`);
}

function onSignals(leave: () => Promise<void>): void {
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(EXIT.notDone);
      asked = true;
      void leave();
    });
  }
}

function makeLog(): { log: Logger; stream: FdStream } {
  const stream = fdStream(2);
  const tty = isatty(2);
  const colour = tty && process.env['NO_COLOR'] === undefined;
  return { log: logger({ stream, tty, colour, now: () => new Date() }), stream };
}

function check(file: string, json: boolean): void {
  const { text, exitCode } = checkReport(checked(loadShim(file, nodeCrypto())), { file, json });
  process.stdout.write(`${text}\n`);
  process.exitCode = exitCode;
}

function checked(loaded: Loaded): Parameters<typeof checkReport>[0] {
  if (!loaded.ok) return loaded;
  const { host, agent, serial, mqtt } = loaded.config;
  const channels = [...(serial ? [`serial ${serial.path}`] : []), ...(mqtt ? [mqtt.url] : [])];
  const lines = [`${host.name}: guarded by ${agent.name}, over ${channels.join(' and ')}`];
  const facts = { host: host.name, agent: agent.name, channels };
  return { ok: true, warnings: loaded.warnings, lines, facts };
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

function complain({ problems }: Extract<Loaded, { ok: false }>): void {
  for (const problem of problems) process.stderr.write(problemText(problem));
  process.exitCode = EXIT.wrongUse;
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
