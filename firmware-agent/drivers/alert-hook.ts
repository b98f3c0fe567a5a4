/**
 * Tells a person through a command of his own: mail, pager, chat.
 *
 * The command is a stranger: it may hang, fork, or fail at the worst moment, and alarms come in
 * bursts just then. So one runs at a time with the event as JSON on its standard input, the whole
 * process group is killed when its time is over, what waits is bounded, and nothing waits for it.
 * A failure is logged when it begins, not at every event.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { attemptSync } from '../../protocol/attempt.ts';
import { after } from '../../protocol/link/timers.ts';
import type { Logger } from '../../protocol/log.ts';
import type { AlertHook } from '../config/config.ts';
import { HOOK_QUEUE_MAX } from '../core/limits.ts';

export interface AlertHookDriver {
  /** Hands over one event, any JSON object; dropped and counted when too many wait. */
  offer(event: object): void;
  /** Events that were dropped, and commands that did not end with exit code 0 in time. */
  counters(): { run: number; dropped: number; failed: number };
  /** Drops what waits and kills what runs. */
  close(): void;
}

/** Makes the hook; nothing runs before the first event. */
export function alertHook(hook: AlertHook, log: Pick<Logger, 'warn' | 'info'>): AlertHookDriver {
  const queue: string[] = [];
  const counts = { run: 0, dropped: 0, failed: 0 };
  let running: ChildProcess | undefined;
  let failing = false;
  let closed = false;

  function offer(event: object): void {
    if (closed) return;
    if (queue.length >= HOOK_QUEUE_MAX) counts.dropped += 1;
    else queue.push(`${JSON.stringify(event)}\n`);
    runNext();
  }

  function runNext(): void {
    if (running !== undefined) return;
    const input = queue.shift();
    if (input === undefined) return;
    counts.run += 1;
    runOnce(hook, input, {
      started(child) {
        running = child;
      },
      ended(problem) {
        running = undefined;
        note(problem);
        runNext();
      },
    });
  }

  function note(problem: string | undefined): void {
    if (closed) return;
    if (problem === undefined) {
      if (failing) log.info('The alert command works again.');
      failing = false;
      return;
    }
    counts.failed += 1;
    if (!failing) log.warn(`The alert command ${hook.command[0]} ${problem}. Run it by hand.`);
    failing = true;
  }

  function close(): void {
    closed = true;
    queue.length = 0;
    if (running !== undefined) killGroup(running);
  }

  return { offer, counters: () => ({ ...counts }), close };
}

interface Run {
  started(child: ChildProcess): void;
  /** Once; `problem` is the end of a sentence, undefined where all went well. */
  ended(problem: string | undefined): void;
}

function runOnce({ command, timeLimitMs }: AlertHook, input: string, run: Run): void {
  const [program = '', ...args] = command;
  const spawned = attemptSync(() =>
    spawn(program, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] }),
  );
  if (!spawned.ok) {
    run.ended(`cannot be started: ${spawned.kind}`);
    return;
  }
  const child = spawned.value;
  let problem: string | undefined;
  let over = false;
  const limit = after(timeLimitMs, () => {
    problem = `took longer than ${timeLimitMs} ms and was killed`;
    killGroup(child);
  });
  const end = (outcome: string | undefined): void => {
    if (over) return;
    over = true;
    limit.cancel();
    run.ended(problem ?? outcome);
  };
  run.started(child);
  child.on('error', (error: NodeJS.ErrnoException) => end(`cannot be started: ${error.code}`));
  child.on('exit', (code, signal) => {
    end(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`);
  });
  // A command that does not read its input is not at fault.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
}

/** The command was made the leader of a group of its own, so its children go with it. */
function killGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid !== undefined) attemptSync(() => process.kill(-pid, 'SIGKILL'));
}
