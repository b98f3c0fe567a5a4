/**
 * Everything that carries all hosts fails at once, and comes back path by path. Whoever was heard
 * until then, beside another that was, too, is not dead; the judge of the random worlds asks here.
 */

import { lastFresh } from './after.ts';
import type { Chaos } from './chaos.ts';
import type { Machine } from './machine.ts';

export interface Blackout {
  at: number;
  /** When the first path was mended, by whatever. */
  mendedAt: number;
  /** Hosts that were heard on the broker until then, and silent at no time just before. */
  heard: number[];
}

const PATHS = ['serial', 'mqtt'] as const;

export function blackOut(c: Chaos): void {
  const { w, chance } = c;
  const machines = [...w.state.machines.values()];
  const isHeard = (machine: Machine): boolean => {
    const { host, timing } = machine.settings;
    const freshAt = w.state.freshAt.get(`${host}:mqtt:${machine.incarnation}`) ?? 0;
    return machine.at === 'up' && w.now - freshAt <= timing.keepaliveMs + 50;
  };
  const heard = machines.filter(isHeard).map(({ settings }) => settings.host);
  c.blackout = { at: w.now, mendedAt: Number.POSITIVE_INFINITY, heard };
  const end = w.now + chance.between(300, 6_000);
  for (const { settings } of machines) {
    for (const path of PATHS) {
      w.cable(settings.name, path, 'broken');
      w.state.agenda.add(end + chance.between(0, 900), () => {
        mend(c);
        w.cable(settings.name, path, 'whole');
      });
    }
  }
}

/** Some path is whole again: from now on a silence may be told from the blackout. */
export function mend({ blackout, w }: Chaos): void {
  if (blackout !== undefined) blackout.mendedAt = Math.min(blackout.mendedAt, w.now);
}

/** Whether a host that lives was cut for nothing but a blackout. */
export function isVictimOfBlackout(c: Chaos, machine: Machine): boolean {
  const { blackout, w } = c;
  const { host, name, timing } = machine.settings;
  if (blackout === undefined || machine.at !== 'up' || !blackout.heard.includes(host)) return false;
  if (c.touched.has(host) || machine.settings.sick !== undefined) return false;
  if (w.now >= blackout.mendedAt + timing.deadtimeMs || lastFresh(w, name) > blackout.at + 60) {
    return false;
  }
  return blackout.heard.some((other) => other !== host && isWitness(c, other, blackout.at));
}

/** A host whose silence nothing explains but the blackout. */
function isWitness({ w }: Chaos, host: number, since: number): boolean {
  const known = w.state.process?.board.hosts.get(host);
  if (known?.life.at !== 'present' || known.fence !== undefined) return false;
  if (known.maintenance !== undefined || known.pulse !== undefined) return false;
  const isCarried = known.hearings.some(({ channel, carried }) => channel === 'mqtt' && carried);
  const isSwitched = w.state.told.some(
    ({ at, effect }) =>
      at >= since - 10_000 && 'host' in effect && effect.host === host && SWITCHES.has(effect.kind),
  );
  return isCarried && !isSwitched;
}

const SWITCHES: ReadonlySet<string> = new Set(['cut', 'restore', 'pulse']);
