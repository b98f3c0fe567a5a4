/**
 * `fencepost-shim run`: composition of one life of the shim.
 *
 * How it ends decides what the board thinks. TERM and INT, and with them `systemctl stop` and
 * `restart`, take leave in order: LEAVING, LEFT, exit 0; a shim that starts again in the same boot
 * joins anew with a new session of the same incarnation, and nobody is fenced. While a group of
 * resources is held there is no LEFT: its services run on, guarded by nobody, so the board waits
 * until a shim is back, or for the time that LEAVING asked for, and then judges this host as
 * silent. A shim that is killed or crashes says nothing; if it is not back within the board's
 * deadtime its host is judged as any silent host. A second signal ends it at once. HUP takes a
 * changed keys file and misses no beat; a wrong file changes nothing.
 */
import { isatty } from 'node:tty';
import { isDeepStrictEqual } from 'node:util';
import type { LineServer } from '../protocol/control/server.ts';
import { foundLater } from '../protocol/found-later.ts';
import { soon } from '../protocol/link/timers.ts';
import { type Logger, logger } from '../protocol/log.ts';
import { type FdStream, fdStream } from '../protocol/log-stream.ts';
import { problemLine } from '../protocol/problem-text.ts';
import { saveMemory } from '../protocol/thrift.ts';
import { nodeCrypto } from '../protocol/wire/mac.ts';
import type { LeaveReason } from '../protocol/wire/messages.ts';
import type { ShimOptions } from './command-line.ts';
import type { ShimConfig } from './config/shim-config.ts';
import type { GroupState, Remembered } from './core/groups.ts';
import { RETURN_BY_DEFAULT_S } from './core/limits.ts';
import { readIncarnation } from './drivers/boot-id.ts';
import { type GroupsFile, groupsFile } from './drivers/groups-record.ts';
import { leaseFile } from './drivers/lease-record.ts';
import type { Machine } from './drivers/machine.ts';
import { type HostGuard, hostGuard } from './guard.ts';
import { heldAgainst, loadShim } from './load.ts';
import { complain, EXIT } from './outcome.ts';
import { runShim, type ShimShell } from './shell.ts';
import { serveShim, shimSocketPath } from './shim-socket.ts';

/** Runs the shim of the configuration until it ends; `machine` is what its self-fence acts upon. */
export async function serve(
  { config: path, socket }: ShimOptions,
  machine: Machine,
): Promise<void> {
  saveMemory();
  const crypto = nodeCrypto();
  const loaded = heldAgainst(machine, path, loadShim(path, crypto));
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
  const where = socket ?? shimSocketPath(config.host.name);
  const common = { config, incarnation: incarnation.value, say };
  const guard = guardOf({ ...common, path, where, machine });
  const memory = groupsFile(besideSocket(where, 'groups'), incarnation.value);
  const remembered = recall(memory, config, log);
  const remember = memory.write;
  const shell = runShim({ ...common, crypto, ring, guard, remembered, remember, tellLocal });
  const life = incarnation.value.toString(16).padStart(8, '0');
  process.on('SIGHUP', () => takeKeys(path, config, shell, log));
  log.info(`This is ${config.host.name}, incarnation ${life}, guarded by ${config.agent.name}.`);

  const leaveAndEnd = async (
    reason: LeaveReason,
    returnByS: number,
  ): Promise<{ told: boolean }> => {
    const end = await shell.leave(reason, returnByS);
    if (end.told) log.info('Left in order.');
    else
      log.warn(`Ended; ${whyUntold(shell)}, and will judge this host as silent unless it returns.`);
    return end;
  };
  const end = async (): Promise<void> => {
    await shell.close();
    stream.flush();
    process.exit(EXIT.done);
  };
  const served = await serveShim(where, {
    leave: async ({ reason, returnByS }) => {
      const told = await leaveAndEnd(reason, returnByS);
      // The answer goes out first: the process ends a turn later.
      soon(() => void end());
      return told;
    },
    whyStay: () => whyStay(shell),
    kick: () => shell.kick(),
    groups: shell.groups,
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

function groupsThatAre({ groups }: ShimShell, states: readonly GroupState[]): string[] {
  return groups.list().flatMap(({ group, state }) => (states.includes(state) ? [group] : []));
}

function whyUntold(shell: ShimShell): string {
  const held = groupsThatAre(shell, ['held', 'unsure', 'releasing']);
  if (held.length === 0) return 'the board did not answer';
  return `the board was not told that this host left, because it may hold ${held.join(', ')}`;
}

/** Why this host may not leave now; undefined where it may. */
function whyStay(shell: ShimShell): string | undefined {
  const held = groupsThatAre(shell, ['held', 'claimed']);
  if (held.length === 0) return undefined;
  const remedy = held.map((group) => `fencepost-shim release ${group}`).join('; ');
  return `this host may hold ${held.join(', ')}; stop its services, then: ${remedy}`;
}

/** Records lie beside the socket: all of it belongs to one boot and one host. */
function besideSocket(where: string, what: string): string {
  return `${where.replace(/\.sock$/, '')}.${what}`;
}

/** What an earlier shim of this boot held; a record that cannot be read frees nothing. */
function recall(memory: GroupsFile, { groups }: ShimConfig, log: Logger): Remembered {
  const remembered = memory.read();
  if (remembered.at === 'unreadable' && groups.size > 0) {
    log.warn(
      'groups: the record of what is held cannot be read, so all of shim.toml count as held. ' +
        'Release each of which no service runs here: fencepost-shim release GROUP',
    );
  }
  return remembered;
}

interface GuardParts {
  config: ShimConfig;
  incarnation: number;
  path: string;
  where: string;
  machine: Machine;
  say: (level: 'info' | 'warn', sentence: string) => void;
}

function guardOf({ config, incarnation, path, where, machine, say }: GuardParts): HostGuard {
  const { selfFenceMs, byTimeout = false, watchdog } = config;
  return hostGuard({
    selfFenceMs,
    byTimeout,
    watchdog,
    machine,
    record: leaseFile(besideSocket(where, 'lease'), incarnation),
    say,
    blame: (problem) => {
      const remedy = 'The shim beats on, and tries it again every 10 s; ls /dev/watchdog*';
      say('warn', foundLater(path, ['watchdog', 'device'], { problem, remedy }));
    },
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
