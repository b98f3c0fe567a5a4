/** A host that nobody judges any more: it is missed until it speaks, and not cut for its silence. */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Board, Host } from './board.ts';
import { awake } from './clock.ts';
import { newHearing } from './hearing.ts';
import { stepLife } from './life.ts';

export function forgetLife(board: Board, host: Host, now: Instant): void {
  const nowAwake = awake(board.clock, now);
  host.life = stepLife(host.life, { kind: 'over' }, nowAwake, host.settings.timing).life;
  host.hearings = host.hearings.map(({ channel, modem }) => ({
    ...newHearing(channel),
    modem,
  }));
  host.finding = undefined;
}
