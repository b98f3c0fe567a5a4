/**
 * A sense that reads off while its host lives is lying, or looks at the wrong supply, and must not
 * prove a fence.
 *
 * Samples and beats come at their own times, and a machine that was given power a moment ago may
 * beat before its sense is read again. So one stretch of readings has to enclose a moment at which
 * the host surely lived: it read off for the hold-up before the tick that the host then echoed was
 * issued, and was read off still afterwards.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { raise } from './alarms.ts';
import type { Board, Host } from './board.ts';
import type { Effect } from './events.ts';
import { type SenseState, suspected } from './power.ts';

/** Doubts senses by what is known now; called when a host is heard and when a sense is read. */
export function doubtSenses(board: Board, host: Host, now: Instant): Effect[] {
  const { livedAt } = host;
  const { drainMs } = host.settings.timing;
  const lies = ({ value, since, at, suspect }: SenseState): boolean =>
    !suspect &&
    value === 'off' &&
    livedAt !== undefined &&
    since + drainMs <= livedAt &&
    at >= livedAt;
  if (livedAt === undefined || !host.power.senses.some(lies)) return [];
  const effects: Effect[] = [];
  const senses = host.power.senses.map((sense, i) => {
    if (!lies(sense)) return sense;
    const name = host.settings.senses[i]?.name;
    const text = `sense ${name} reads off while the host beats`;
    const remedy = 'look at the sense and its wiring; it is not believed until seen on and off';
    const alarm = { host: host.settings.host, code: 'sense-suspect' as const, text, remedy };
    effects.push(...raise(board.alarms, alarm, now));
    return suspected(sense);
  });
  host.power = { ...host.power, senses };
  return effects;
}
