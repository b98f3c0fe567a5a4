/** News about one host, and the end of what was told of its silence. */
import { type Code, clear, type News } from './alarms.ts';
import type { Board, Host } from './board.ts';

export function tell(host: Host, level: News['level'], code: Code, text: string): News {
  return { kind: 'news', level, code, host: host.settings.host, text };
}

/** Takes back what was told of a silence that is over. */
export function forgetSilence(board: Board, host: Host, text: string): News[] {
  delete host.held;
  const at = host.settings.host;
  return (['late', 'held', 'unproven', 'budget'] as const).flatMap((code) =>
    clear(board.alarms, at, code, text),
  );
}
