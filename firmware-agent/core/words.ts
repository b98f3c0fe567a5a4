/** News about one host, and the end of what was told of its silence. */
import { type Code, clear, type News } from './alarms.ts';
import type { Board, Host } from './board.ts';

export function tell(host: Host, level: News['level'], code: Code, text: string): News {
  return { kind: 'news', level, code, host: host.settings.host, text };
}

const OF_SILENCE: Code[] = ['late', 'held', 'unproven', 'budget'];
const OF_LIFE: Code[] = ['absent', 'leaving', 'half-duplex', 'two-agents', 'unguarded', 'sick'];

/** Takes back what was told of a silence that is over. */
export function forgetSilence(board: Board, host: Host, text: string): News[] {
  host.held = undefined;
  return OF_SILENCE.flatMap((code) => clear(board.alarms, host.settings.host, code, text));
}

/** Takes back what was told of a life that we ended: what is wrong with the next, that one says. */
export function forgetWords(board: Board, host: Host, text: string): News[] {
  const over = OF_LIFE.flatMap((code) => clear(board.alarms, host.settings.host, code, text));
  return [...forgetSilence(board, host, text), ...over];
}
