/**
 * The program `fencepost-shim`: what becomes of what its command line asks for.
 *
 * `run` is in serve.ts; the other commands look at the configuration, or talk to a running shim.
 */
import { checkReport } from '../protocol/check-report.ts';
import { nodeCrypto } from '../protocol/wire/mac.ts';
import type { LeaveReason } from '../protocol/wire/messages.ts';
import { obeyShim, type ShimOptions } from './command-line.ts';
import type { ShimConfig } from './config/shim-config.ts';
import { thisMachine } from './drivers/machine.ts';
import * as groupCommands from './group-commands.ts';
import { heldAgainst, type Loaded, loadShim } from './load.ts';
import { complain, EXIT } from './outcome.ts';
import { serve } from './serve.ts';
import { askToKick, askToLeave, shimSocketPath } from './shim-socket.ts';

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
function socketOf({ config: path, socket }: ShimOptions): string | undefined {
  if (socket !== undefined) return socket;
  const loaded = loadShim(path, nodeCrypto());
  if (loaded.ok) return shimSocketPath(loaded.config.host.name);
  complain(loaded);
  return undefined;
}

async function kick(where: string): Promise<void> {
  const kicked = await askToKick(where);
  if (kicked.ok) return;
  process.stderr.write(`fencepost-shim: ${kicked.detail}\n`);
  process.exitCode = kicked.kind === 'silent' ? EXIT.unknown : EXIT.notDone;
}

async function leave(where: string, reason: LeaveReason, returnByS: number): Promise<void> {
  const left = await askToLeave(where, { reason, returnByS });
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

/** Asks the running shim, where it is known which. */
async function at(options: ShimOptions, ask: (where: string) => Promise<void>): Promise<void> {
  const where = socketOf(options);
  if (where !== undefined) await ask(where);
}

void obeyShim(
  process.argv.slice(2),
  {
    run: (options) => serve(options, thisMachine),
    check,
    leave: ({ reason, returnBy, ...options }) =>
      at(options, (where) => leave(where, reason, returnBy)),
    kick: (options) => at(options, kick),
    claim: (options, group, waitMs) =>
      at(options, (where) => groupCommands.claim(where, group, waitMs)),
    release: (options, group) => at(options, (where) => groupCommands.release(where, group)),
    groups: (options, json) => at(options, (where) => groupCommands.groups(where, json)),
  },
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    end: (exitCode) => process.exit(exitCode),
  },
);
