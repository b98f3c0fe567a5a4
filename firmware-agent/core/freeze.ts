/**
 * FROZEN: where neither acting nor not acting is safe, no relay of the host moves, nothing is
 * reported of it, and an alarm names the way out.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { clear, raise } from './alarms.ts';
import { answerOn, answerOrders, settle } from './answers.ts';
import type { Board, Host } from './board.ts';
import { failDrill } from './drill.ts';
import type { Effect } from './events.ts';
import { lastCarriedAt } from './evidence.ts';
import type { Fence } from './fence-state.ts';
import { powerLossMs } from './limits.ts';
import { keepRecord, note, settleRecord } from './record.ts';
import { tell } from './words.ts';

/** No relay of the host moves any more, nothing is reported of it, until a person says so (S12). */
export function freeze(
  board: Board,
  host: Host,
  code: 'integrity' | 'two-lives' | 'crossed' | 'interrupted',
  why: string,
  now: Instant,
): Effect[] {
  if (host.frozen !== undefined) return [];
  note(host, now, `frozen: ${why}`);
  const { fence } = host;
  if (fence !== undefined && host.record?.outcome === undefined) {
    settleRecord(host, { outcome: 'failed', reason: code });
  }
  host.frozen = { why, since: now };
  const refused = { outcome: 'failed', proof: 'none', detail: code } as const;
  const waiting = host.pulse?.orders ?? [];
  const orders = [
    ...answerOrders(board, host, refused),
    ...answerOn(board, host, refused),
    ...waiting.flatMap((cmdId) => settle(board, cmdId, refused)),
  ];
  host.fence = undefined;
  host.pulse = undefined;
  const text = `frozen: ${why}`;
  const remedy =
    'find out which machine has power; then order what it needs with --override, as an operator';
  return [
    ...keepRecord(host),
    ...failDrill(host, `it was frozen: ${why}`),
    ...orders,
    ...raise(board.alarms, { host: host.settings.host, code, text, remedy }, now),
    ...(code === 'integrity' ? freezeCrossed(board, host, fence, now) : []),
  ];
}

/** By order of somebody who overrides it (S12): the host can be cut and given power again. */
export function thaw(board: Board, host: Host, by: string): Effect[] {
  if (host.frozen === undefined) return [];
  host.frozen = undefined;
  const text = `no longer frozen, by order of ${by}`;
  const at = host.settings.host;
  const over = (['integrity', 'two-lives', 'crossed', 'interrupted'] as const).flatMap((code) =>
    clear(board.alarms, at, code, text),
  );
  return [{ kind: 'save' }, ...over, tell(host, 'warning', 'thawed', text)];
}

/** Hosts that fell silent with this host's cut may hang on its outlet: crossed wires. */
function freezeCrossed(board: Board, host: Host, fence: Fence | undefined, now: Instant): Effect[] {
  const cutAt = fence?.firstCutAt;
  if (cutAt === undefined) return [];
  return [...board.hosts.values()].flatMap((other) => {
    const lastAt = lastCarriedAt(other);
    if (other === host || lastAt === undefined || other.life.at !== 'present') return [];
    const soonMs = powerLossMs(other.settings.timing, other.delayMs);
    const isSilent = now - lastAt > soonMs;
    const fell = lastAt >= cutAt - soonMs && lastAt <= cutAt + other.settings.timing.deadtimeMs;
    if (!isSilent || !fell) return [];
    return freeze(
      board,
      other,
      'crossed',
      `it fell silent when ${host.settings.name} was cut`,
      now,
    );
  });
}
