/**
 * Whether a changed configuration may replace the one that runs.
 *
 * A file that was copied back from a backup, or pushed twice by a tool, must not undo a change in
 * silence: a changed file carries a larger version. And the board's own number is what every host
 * and key was set up with; another number is another board.
 */
import { isDeepStrictEqual } from 'node:util';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { AgentConfig } from './config.ts';

/** `changed` is false where the new file says the same as the running one. */
export interface Reload {
  changed: boolean;
}

export type RefusedReload = 'version' | 'agent' | 'restart';

/** Compares the running configuration with the next; a refusal's `detail` names the remedy. */
export function acceptReload(
  running: AgentConfig,
  next: AgentConfig,
): Result<Reload, RefusedReload> {
  if (isDeepStrictEqual(running, next)) return ok({ changed: false });
  if (next.board.agent !== running.board.agent || next.board.name !== running.board.name) {
    return failure('agent', 'The id or name of the agent changed. Restart it to make it another.');
  }
  if (next.version <= running.version) {
    return failure(
      'version',
      `The file changed and its version is ${next.version}, not larger ` +
        `than the running ${running.version}. Write version = ${running.version + 1}.`,
    );
  }
  if (next.socketPath !== running.socketPath || next.stateDir !== running.stateDir) {
    return failure('restart', 'agent.socket or agent.state changed. Restart the agent for that.');
  }
  if (!isDeepStrictEqual(next.watchdog, running.watchdog)) {
    return failure('restart', '[watchdog] changed. Restart the agent for that.');
  }
  return ok({ changed: true });
}
