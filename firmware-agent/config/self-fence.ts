/**
 * Whether a host may fence itself for want of contact, with this board as its contact.
 *
 * Such a host takes the board's silence for its own isolation. So the board must be back before the
 * host's patience ends, also where it hung and its watchdog had to reset it; and there must be a
 * contact that does not fail with the board, or every failure of the board restarts healthy hosts.
 * Where the board reports by timeout what the host does to itself, no other contact counts, so all of
 * that is known to be so.
 */
import { type KeyPath, type TomlFile, tell } from '../../protocol/toml.ts';
import { beaconMs, delayMs } from '../core/limits.ts';
import type { ReadHost } from './hosts.ts';
import type { HostTable, WatchdogTable } from './schema.ts';
import { seconds } from './timing.ts';

/** What the shim of a host is set to do. */
export interface SelfFence {
  timeoutMs: number;
  /** It is known that a failure of the board restarts the host. */
  sharedFate: boolean;
}

/** Reads what a host's table says of its self-fence. */
export function selfFenceOf(
  toml: TomlFile,
  path: KeyPath,
  { self_fence: timeoutMs, self_fence_shared_fate: sharedFate = false }: HostTable,
): SelfFence | undefined {
  if (timeoutMs !== undefined) return { timeoutMs, sharedFate };
  if (sharedFate) {
    tell(
      toml,
      [...path, 'self_fence_shared_fate'],
      'the host has no self_fence',
      'Write self_fence as in its shim.toml, or remove this.',
    );
  }
  return undefined;
}

/** Tells where a failure of the board, or of what it shares with the broker, would restart `host`. */
export function checkSelfFence(
  toml: TomlFile,
  { path, settings, selfFence }: ReadHost,
  board: { watchdog: WatchdogTable | undefined; brokerOnBoard: boolean },
): void {
  if (settings.proof === 'by-timeout') checkTimeout(toml, { path, settings, selfFence });
  if (selfFence === undefined) return;
  const refuse = (problem: string, remedy: string): void =>
    tell(toml, [...path, 'self_fence'], problem, remedy);
  const isAlone = settings.proof === 'by-timeout';
  if (!isAlone && !selfFence.sharedFate && (board.brokerOnBoard || !settings.mqtt)) {
    const why = settings.mqtt ? 'the broker runs on the board' : 'the host has no broker';
    refuse(
      `${why}: when the board fails, this healthy host loses all contact and restarts`,
      'Let it reach a broker elsewhere, or write self_fence_shared_fate = true.',
    );
  }
  const { boot, timeout } = board.watchdog ?? {};
  if (boot === undefined || timeout === undefined) {
    // A table that is wrong in itself was told already.
    if (toml.value['watchdog'] !== undefined && board.watchdog === undefined) return;
    refuse(
      'nothing says how soon a board that hangs is back; until then this host may restart',
      'Write [watchdog] with device, timeout and boot: the time from its reset to "listening".',
    );
    return;
  }
  const { keepaliveMs, deadtimeMs } = settings.timing;
  const sessionMs = 2 * beaconMs(keepaliveMs) + 3 * delayMs(settings);
  const leastMs = timeout + boot + sessionMs + deadtimeMs;
  if (selfFence.timeoutMs >= leastMs) return;
  refuse(
    `${seconds(selfFence.timeoutMs)} is too short: a board that hangs guards again after ` +
      `${seconds(leastMs)} (${seconds(timeout)} of its watchdog, ${seconds(boot)} of boot, ` +
      `${seconds(sessionMs)} to a session, and ${seconds(deadtimeMs)} of deadtime)`,
    `Write at least "${Math.ceil(leastMs / 1_000)}s" here and in shim.toml, or shorten the others.`,
  );
}

/** What `proof = "by-timeout"` rests on, and what cannot be had with it. */
function checkTimeout(
  toml: TomlFile,
  {
    path,
    settings,
    selfFence,
  }: Pick<ReadHost, 'path' | 'settings'> & { selfFence: SelfFence | undefined },
): void {
  if (selfFence === undefined) {
    tell(
      toml,
      [...path, 'proof'],
      'it rests on the self-fence of the host, and the file says nothing of one',
      'Write self_fence as in its shim.toml, where by_timeout = true must stand, too.',
    );
  } else if (!selfFence.sharedFate) {
    tell(
      toml,
      [...path, 'proof'],
      'the board is then its only contact: when it fails, this healthy host restarts',
      'Write self_fence_shared_fate = true where that is known.',
    );
  }
  if (settings.afterFence !== 'stay-off') return;
  const remedy = 'Write after_fence = "restore", or another proof.';
  tell(toml, [...path, 'after_fence'], 'a host that restarts itself cannot be kept off', remedy);
}
