/**
 * The last words of an agent that is stopped on purpose.
 *
 * To a host that fences itself the board's silence is its own isolation, and it would restart for an
 * update of the agent. So every host with a session is told that we are away, and one that pledged to
 * fence itself is waited for until its beats say that it has taken it: for a moment only, because
 * nobody may hold up a board that goes off. Whoever has not confirmed is named in the log, with the
 * time that is left to it. Nothing is decided any more while this goes on, so nobody is judged by the
 * silence that it makes. An agent that crashes says nothing: that is what a self-fence is for.
 */
import { every, monotonicMs } from '../protocol/link/timers.ts';
import type { Logger } from '../protocol/log.ts';
import { FLAG_SUSPENDED, PLEDGE } from '../protocol/wire/messages.ts';
import type { Opened } from '../protocol/wire/session/agent.ts';
import type { Board, Host } from './core/board.ts';
import { LEAVE_MAX_MS } from './core/limits.ts';
import { pledged } from './core/pledge.ts';
import type { Paths } from './paths.ts';

export interface FarewellSetup {
  board: Board;
  paths: Paths | undefined;
  log: Logger;
  /** Hands in what is heard from now on. */
  listen: (hear: (opened: Opened) => void) => void;
}

/** Two tries at one a second, and what a slow broker needs. */
const WAIT_MS = 2_500;
const REPEAT_MS = 500;

/** Says it until everybody who matters has taken it, or the wait is over. */
export async function farewell({ board, paths, log, listen }: FarewellSetup): Promise<void> {
  const waiting = new Map<number, Host>();
  for (const host of board.hosts.values()) {
    const pledge = pledged(host);
    if (pledge !== undefined && host.life.at !== 'left') waiting.set(host.settings.host, host);
  }
  const told = [...waiting.values()];
  const say = (host: number): void => paths?.away(host, board.ticks.latest, LEAVE_MAX_MS / 1_000);
  for (const host of board.hosts.keys()) say(host);
  const canWait = (host: Host): boolean => ((pledged(host)?.flags ?? 0) & PLEDGE.boardAlone) === 0;
  const isOver = (): boolean => ![...waiting.values()].some(canWait);
  await new Promise<void>((resolve) => {
    const untilAt = monotonicMs() + WAIT_MS;
    const end = (): void => {
      timer.cancel();
      resolve();
    };
    const timer = every(REPEAT_MS, () => {
      if (monotonicMs() >= untilAt) return end();
      for (const host of waiting.keys()) say(host);
    });
    listen((opened) => {
      if (opened.kind !== 'beat' || (opened.flags & FLAG_SUSPENDED) === 0) return;
      if (waiting.delete(opened.host) && isOver()) end();
    });
    if (isOver()) end();
  });
  for (const host of told) {
    const seconds = (pledged(host)?.timeoutMs ?? 0) / 1_000;
    const alone = canWait(host) ? '' : ': it restarts whenever the board is silent';
    const about = { host: host.settings.name };
    if (!waiting.has(host.settings.host)) log.info('waits for the next agent', about);
    else log.warn(`will restart after ${seconds} s without contact${alone}`, about);
  }
}
