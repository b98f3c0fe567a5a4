/**
 * The program `fencepost-agent`: composition only.
 *
 * `run` guards until TERM or INT, takes a changed configuration or keys at HUP, and ends with 1 where only
 * a new process can help; its supervisor starts it again, which moves no relay. `check` says
 * everything that is wrong with a configuration and its keys, and changes nothing. `replay` plays a
 * fence once more.
 */
import { isatty } from 'node:tty';
import { foundLater } from '../protocol/found-later.ts';
import { soon } from '../protocol/link/timers.ts';
import { type Logger, logger } from '../protocol/log.ts';
import { type FdStream, fdStream } from '../protocol/log-stream.ts';
import { problemLine, problemText } from '../protocol/problem-text.ts';
import { saveMemory } from '../protocol/thrift.ts';
import { VERSION } from '../protocol/version.ts';
import { nodeCrypto } from '../protocol/wire/mac.ts';
import { type Agent, startAgent } from './agent.ts';
import { readCommand } from './command-line.ts';
import { acceptReload } from './config/reload.ts';
import { advance } from './core/advance.ts';
import type { Devices } from './drivers/devices.ts';
import { type LoadedAgent, loadAgent } from './load.ts';
import type { BoardWatchdog } from './ports/watchdog.ts';
import { spendForHosts } from './thrift.ts';

const EXIT = { done: 0, notDone: 1, wrongUse: 2 } as const;

function main(args: string[]): void {
  const command = readCommand(args);
  switch (command.do) {
    case 'help':
      return void help((text) => process.stdout.write(text));
    case 'version':
      return print(`${VERSION}\n`);
    case 'run':
      return void run(command.path);
    case 'check':
      return void check(command.path, command.json, command.hardware);
    case 'replay':
      return void replay(command.path, command.json);
    case 'nothing':
      process.exitCode = EXIT.wrongUse;
      return void help((text) =>
        process.stderr.write(`fencepost-agent: ${command.problem}.\n\n${text}`),
      );
  }
}

async function help(say: (text: string) => void): Promise<void> {
  say((await import('./help.ts')).HELP);
}

function print(text: string): void {
  process.stdout.write(text);
}

async function check(path: string, json: boolean, hardware: boolean): Promise<void> {
  const loaded = loadAgent(path, nodeCrypto());
  const seen =
    hardware && loaded.ok
      ? (await import('./hardware.ts')).lookAtHardware(loaded.config)
      : undefined;
  const { reportCheck } = await import('./config/report.ts');
  const { text, exitCode } = reportCheck(loaded, { file: path, json }, seen);
  print(`${text}\n`);
  process.exitCode = seen?.ok === false ? EXIT.notDone : exitCode;
}

async function replay(path: string, json: boolean): Promise<void> {
  const { loadTape, play, playedText } = await import('./replay.ts');
  const tape = loadTape(path);
  if (!tape.ok) {
    process.stderr.write(`fencepost-agent: ${path}: ${tape.detail}.\n`);
    process.exitCode = EXIT.wrongUse;
    return;
  }
  const played = play(tape.value, advance);
  print(`${json ? JSON.stringify(played) : playedText(played)}\n`);
  process.exitCode = played.same === played.steps ? EXIT.done : EXIT.notDone;
}

async function run(path: string): Promise<void> {
  saveMemory();
  const crypto = nodeCrypto();
  const loaded = loadAgent(path, crypto);
  if (!loaded.ok) {
    for (const problem of loaded.problems) process.stderr.write(problemText(problem));
    process.exitCode = EXIT.wrongUse;
    return;
  }
  spendForHosts(loaded.config.board.hosts.length);
  const { log, stream } = makeLog();
  for (const warning of loaded.warnings) log.warn(problemLine(warning));
  await guard(path, loaded, log, stream);
}

type Good = Extract<LoadedAgent, { ok: true }>;

/** Runs one life of the agent after the other, until a signal ends the process. */
async function guard(path: string, first: Good, log: Logger, stream: FdStream): Promise<void> {
  let running = first;
  let agent: Agent | undefined;
  let changing = false;
  const quit = (code: number): void => {
    stream.flush();
    process.exit(code);
  };
  const watchdog = await watchdogOf(path, first, log);
  const begin = async (loaded: Good, before?: Devices): Promise<void> => {
    // Before any relay is touched: who hangs while a host is dark must be ended by something.
    watchdog?.arm();
    const started = await startAgent({
      ...loaded,
      before,
      log,
      watchdog,
      reload,
      end: (why) => {
        log.error(`ends: ${why}`);
        quit(EXIT.notDone);
      },
    });
    if (!started.ok) {
      log.error(`cannot start: ${started.detail}`);
      return quit(EXIT.notDone);
    }
    agent = started.value;
  };
  const reload = async (): Promise<{ ok: boolean; problems: string[] }> => {
    const refuse = (problems: string[]): { ok: boolean; problems: string[] } => {
      for (const problem of problems) log.error(`reload refused: ${problem}`);
      return { ok: false, problems };
    };
    if (changing || agent === undefined) return refuse(['the agent is starting; ask again']);
    const next = loadAgent(path, nodeCrypto());
    if (!next.ok) return refuse(next.problems.map(problemLine));
    const accepted = acceptReload(running.config, next.config);
    if (!accepted.ok) return refuse([accepted.detail]);
    if (!accepted.value.changed) {
      agent.takeKeys(next.keys);
      return { ok: true, problems: [] };
    }
    if (agent.hasVictim()) {
      return refuse([
        'a host is being fenced or kept off; reload after that. Keys alone are taken at any time',
      ]);
    }
    changing = true;
    log.info('the configuration changed');
    // The answer goes out over the socket before that is closed.
    soon(() => {
      void agent?.end().then(async (devices) => {
        running = next;
        await begin(next, devices);
        changing = false;
      });
    });
    return { ok: true, problems: [] };
  };
  const closeAll = async (): Promise<void> => (await agent?.end('farewell'))?.close();
  process.on('SIGHUP', () => void reload());
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info(`ends by ${signal}; no relay moves`);
      void closeAll().then(() => {
        watchdog?.end();
        quit(EXIT.done);
      });
    });
  }
  await begin(first);
}

/** Loaded only where the configuration has one. */
async function watchdogOf(
  path: string,
  { config }: Good,
  log: Logger,
): Promise<BoardWatchdog | undefined> {
  if (config.watchdog === undefined) return undefined;
  const { boardWatchdog } = await import('./drivers/board-watchdog.ts');
  const at = (said: { problem: string; remedy: string }): string =>
    foundLater(path, ['watchdog', 'device'], said);
  return boardWatchdog(config.watchdog, at, log);
}

function makeLog(): { log: Logger; stream: FdStream } {
  const stream = fdStream(2);
  const tty = isatty(2);
  const colour = tty && process.env['NO_COLOR'] === undefined;
  return { log: logger({ stream, tty, colour, now: () => new Date() }), stream };
}

main(process.argv.slice(2));
