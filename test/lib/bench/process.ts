/**
 * The program that stands for a host, in a process group of its own, so that a power cut takes all
 * of it and nothing of ours. Its boot id comes to it in FENCEPOST_BOOT_ID, because the kernel's
 * own stays the same while hosts come and go.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { attemptSync } from '../../../protocol/attempt.ts';
import type { BenchProgram } from './config.ts';
import type { BenchLog } from './log.ts';

export interface HostProcess {
  /** Starts the program in the life that `bootId` names; what still ran is killed first. */
  start(bootId: string): void;
  /** Kills the whole group at once, also when it hangs. Harmless when nothing runs. */
  kill(): void;
  /** Stops the whole group, as a machine that hangs with its power on. */
  hang(): void;
  resume(): void;
  /** Starts the program anew within the same life of the host. */
  restart(): void;
  /** Asks the program to end in good order. */
  terminate(): void;
  pid(): number | undefined;
  bootId(): string;
}

/** Makes the process without starting it; without a program it only logs. */
export function hostProcess(
  host: string,
  program: BenchProgram | undefined,
  log: BenchLog,
): HostProcess {
  let child: ChildProcess | undefined;
  let bootId = '';

  const tell = (what: 'start' | 'kill' | 'hang' | 'resume' | 'exit'): void =>
    log.write({ kind: 'process', host, what, pid: child?.pid ?? 0, bootId });
  const signal = (name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void => {
    const pid = child?.pid;
    // The group may be gone already, which is what a kill wants.
    if (pid !== undefined) attemptSync(() => process.kill(-pid, name));
  };
  const kill = (): void => {
    if (child === undefined) return;
    signal('SIGKILL');
    tell('kill');
    child = undefined;
  };
  const start = (id: string): void => {
    kill();
    bootId = id;
    if (program === undefined) return;
    const started = run(program, id);
    child = started;
    tell('start');
    const gone = (): void => {
      if (child !== started) return;
      tell('exit');
      child = undefined;
    };
    started.on('exit', gone).on('error', gone);
  };
  return {
    start,
    kill,
    restart: () => start(bootId),
    terminate: () => signal('SIGTERM'),
    hang: () => {
      signal('SIGSTOP');
      tell('hang');
    },
    resume: () => {
      signal('SIGCONT');
      tell('resume');
    },
    pid: () => child?.pid,
    bootId: () => bootId,
  };
}

function run(program: BenchProgram, bootId: string): ChildProcess {
  const [command = '', ...args] = program.command;
  const output = program.output === undefined ? undefined : openSync(program.output, 'a');
  const child = spawn(command, args, {
    detached: true,
    env: { ...process.env, ...program.env, FENCEPOST_BOOT_ID: bootId },
    stdio: ['ignore', output ?? 'ignore', output ?? 'ignore'],
  });
  if (output !== undefined) closeSync(output);
  return child;
}
