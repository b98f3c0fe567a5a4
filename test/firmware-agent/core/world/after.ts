/** Short questions that many tests ask of a world. */
import type { World } from './world.ts';

/** When the core was last given a fresh beat of the life that a machine is in. */
export function lastFresh(w: World, name: string): number {
  const { settings, incarnation } = w.machine(name);
  const times = (['serial', 'mqtt'] as const).map(
    (channel) => w.state.freshAt.get(`${settings.host}:${channel}:${incarnation}`) ?? 0,
  );
  return Math.max(...times);
}

/** Codes of all news of one host since `since`, in order. */
export function codes(w: World, name: string, since = 0): string[] {
  const { host } = w.machine(name).settings;
  return w.state.told.flatMap(({ at, effect }) =>
    at >= since && effect.kind === 'news' && effect.host === host ? [effect.code] : [],
  );
}

/** Codes of alarms that stand now, for one host or for the board itself. */
export function alarms(w: World, name?: string): string[] {
  const host = name === undefined ? undefined : w.machine(name).settings.host;
  const all = [...(w.state.process?.board.alarms.values() ?? [])];
  return all.filter((alarm) => alarm.host === host).map(({ code }) => code);
}

export function outcomes(w: World, cmdId: string): string[] {
  return w.answers(cmdId).map(({ outcome }) => outcome);
}
