/**
 * Revocation on the board: what was made from a key ends with it, at once.
 *
 * The host did not fall silent: we stopped listening to it. So the channels whose session ended
 * are named, for the core must not take their silence for evidence.
 */
import type { Channel } from '../messages.ts';
import type { AgentSessions } from './opened.ts';
import type { Session } from './table.ts';

/** Ends every session, and every try, whose key the ring holds no more; answers what stood. */
export function endRevoked(sessions: AgentSessions): { host: number; channel: Channel }[] {
  const { ring } = sessions.setup;
  const ended: { host: number; channel: Channel }[] = [];
  for (const table of sessions.table) {
    if (table === undefined) continue;
    const isHeld = ({ key }: Session): boolean => ring.find('host', table.name, key.kid) === key;
    for (const path of Object.values(table.paths)) {
      path.halfOpen = path.halfOpen.filter(isHeld);
      if (path.standing === undefined || isHeld(path.standing)) continue;
      path.standing = undefined;
      path.previous = undefined;
      ended.push({ host: table.host, channel: path.channel });
    }
  }
  return ended;
}
