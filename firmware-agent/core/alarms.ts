/**
 * Alarms that stand: raised once, told again only where the reason for telling is time, cleared
 * when what they say is over. Each names the way out.
 */
import type { Instant } from '../../protocol/wire/instant.ts';

/** Reason codes of events and alarms; documented in the README of this folder's parent. */
export type Code =
  | 'started'
  | 'heard'
  | 'reborn'
  | 'late'
  | 'channel-silent'
  | 'channel-heard'
  | 'link-lost'
  | 'link-up'
  | 'leaving'
  | 'left'
  | 'overdue'
  | 'stop-failed'
  | 'dead'
  | 'averted'
  | 'cut'
  | 'waiting'
  | 'fenced'
  | 'acknowledged'
  | 'failed'
  | 'expired'
  | 'restoring'
  | 'restored'
  | 'order'
  | 'absent'
  | 'unproven'
  | 'held'
  | 'half-duplex'
  | 'unguarded'
  | 'budget'
  | 'sick'
  | 'sick-observer'
  | 'stalled'
  | 'integrity'
  | 'two-lives'
  | 'two-agents'
  | 'crossed'
  | 'group'
  | 'two-holders'
  | 'sense-suspect'
  | 'relay-open'
  | 'device-silent'
  | 'found-open'
  | 'off-lost'
  | 'interrupted'
  | 'unlogged'
  | 'amnesia'
  | 'restarting'
  | 'was-frozen'
  | 'thawed'
  | 'maintenance'
  | 'disabled'
  | 'keepalive'
  | 'timer'
  | 'timer-lost'
  | 'drilled'
  | 'drill-failed'
  | 'pretimeout'
  | 'timer-expired'
  | 'pulse'
  | 'unconfirmed'
  | 'hostile'
  | 'watchdog'
  | 'revoked';

export interface Alarm {
  host?: number;
  code: Code;
  text: string;
  remedy: string;
  since: Instant;
}

export interface News {
  kind: 'news';
  level: 'info' | 'warning' | 'alarm';
  code: Code;
  host?: number;
  text: string;
  remedy?: string;
  /** True when the alarm of this code is over. */
  over?: boolean;
}

export function alarmKey(host: number | undefined, code: Code): string {
  return `${host ?? ''}:${code}`;
}

/** Raises an alarm; answers the news to tell, or nothing where it stood already. */
export function raise(
  alarms: Map<string, Alarm>,
  alarm: Omit<Alarm, 'since'>,
  now: Instant,
  level: 'warning' | 'alarm' = 'alarm',
): News[] {
  const key = alarmKey(alarm.host, alarm.code);
  if (alarms.has(key)) return [];
  alarms.set(key, { ...alarm, since: now });
  return [{ kind: 'news', level, ...alarm }];
}

/** Clears an alarm that stood; answers the news that it is over. */
export function clear(
  alarms: Map<string, Alarm>,
  host: number | undefined,
  code: Code,
  text: string,
): News[] {
  if (alarms.size === 0 || !alarms.delete(alarmKey(host, code))) return [];
  const of = host === undefined ? {} : { host };
  return [{ kind: 'news', level: 'info', code, text, over: true, ...of }];
}
