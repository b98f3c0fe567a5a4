/** One thing that `doctor` found: a sentence, how bad it is, and what to do about it. */

export type Level = 'ok' | 'warn' | 'bad';

export interface Finding {
  group: 'hosts' | 'serial' | 'broker' | 'keys' | 'storage' | 'clock' | 'loop' | 'alarms' | 'agent';
  level: Level;
  /** A host, an owner of keys, a file; empty for the board. */
  about: string;
  text: string;
  /** In the imperative; always there where the level is not `ok`. */
  remedy?: string;
}

/** What one judge found; the group and the subject are the caller's. */
export type Said = Pick<Finding, 'level' | 'text' | 'remedy'>;

export function fine(text: string): Said {
  return { level: 'ok', text };
}

export function unwise(text: string, remedy: string): Said {
  return { level: 'warn', text, remedy };
}

export function wrong(text: string, remedy: string): Said {
  return { level: 'bad', text, remedy };
}

/** The same findings, with where they belong. */
export function under(group: Finding['group'], about: string, said: readonly Said[]): Finding[] {
  return said.map((one) => ({ group, about, ...one }));
}

export function worstOf(findings: readonly Finding[]): Level {
  const levels = findings.map(({ level }) => level);
  if (levels.includes('bad')) return 'bad';
  return levels.includes('warn') ? 'warn' : 'ok';
}
