/**
 * A drill shows that the outlets and senses of a host are really its own (section 3, `untested`).
 *
 * It is a fence that an operator orders of a host that beats, while all the others beat. The wiring
 * is right where this host fell silent at the cut and came back in a new life with its power, and
 * where no other fell silent or began a new life meanwhile. Until then every proof of the host
 * carries the mark `untested`; another wiring in the configuration brings the mark back.
 *
 * What was measured is kept for people: how long the supply bridged the cut, as far as beats and
 * senses show it, and how long the host took from power to its first beat.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { DrillView } from '../../protocol/wire/view.ts';
import type { Board, Host } from './board.ts';
import type { Effect } from './events.ts';
import { lastFreshAt } from './evidence.ts';
import type { Fence } from './fence-state.ts';
import { powerLossMs } from './limits.ts';
import { tell } from './words.ts';

export interface Drill {
  readonly cutAt: Instant;
  /** The lives of the others at the cut, by host number. */
  readonly others: ReadonlyMap<number, number>;
  /** Absent until it was proven off. */
  readonly holdUpMs?: number;
  /** When power was given back. */
  readonly givenAt?: Instant;
}

/** What a drill of this wiring has shown; it outlives the agent. */
export interface Tested {
  wiring: string;
  /** Wall clock, for people. */
  wallMs: number;
  holdUpMs: number;
  bootMs: number;
}

/** Why this host cannot be drilled now; undefined where it can. */
export function refuseDrill(board: Board, host: Host, now: Instant): string | undefined {
  if (host.fence !== undefined || !isBeating(host, now)) return 'not beating';
  const all = [...board.hosts.values()];
  const silent = all.some((other) => other.life.at === 'present' && !isBeating(other, now));
  return silent ? 'another silent' : undefined;
}

function isBeating(host: Host, now: Instant): boolean {
  const lastAt = lastFreshAt(host) ?? Number.NEGATIVE_INFINITY;
  const soonMs = powerLossMs(host.settings.timing, host.delayMs);
  return host.life.at === 'present' && now - lastAt <= soonMs;
}

/** Its outlets are told to open: the drill begins, if somebody ordered this fence as one. */
export function drillCut(board: Board, host: Host, fence: Fence, now: Instant): Effect[] {
  const isDrill = fence.orders.some((id) => board.orders.get(id)?.order.args.drill === true);
  if (!isDrill) return failDrill(host, 'it was cut again before it was back');
  const others = [...board.hosts.values()].flatMap(({ settings, life }): [number, number][] =>
    settings.host !== host.settings.host && life.at === 'present'
      ? [[settings.host, life.incarnation]]
      : [],
  );
  host.drill = { cutAt: now, others: new Map(others) };
  return [];
}

/** It is proven off, and what was heard of it is not yet forgotten. */
export function drillDark(host: Host): void {
  if (host.drill === undefined) return;
  const { cutAt } = host.drill;
  const falls = host.power.senses.map(({ fellAt }) => fellAt ?? cutAt);
  const lastAt = Math.max(cutAt, lastFreshAt(host) ?? cutAt, ...falls);
  host.drill = { ...host.drill, holdUpMs: Math.round(lastAt - cutAt) };
}

/** Its outlets are told to close. */
export function drillGiven(host: Host, now: Instant): void {
  if (host.drill !== undefined) host.drill = { givenAt: now, ...host.drill };
}

/** It is heard in a new life: now everything is known. */
export function drillBack(board: Board, host: Host, now: Instant): Effect[] {
  const { drill } = host;
  if (drill?.givenAt === undefined || drill.holdUpMs === undefined) return [];
  const hurt = [...drill.others].flatMap(([number, incarnation]) => {
    const other = board.hosts.get(number);
    if (other === undefined) return [];
    const lives = other.life.at === 'present' && other.life.incarnation === incarnation;
    return lives && isBeating(other, now) ? [] : [other.settings.name];
  });
  if (hurt.length > 0) return failDrill(host, `${hurt.join(', ')} fell silent, or restarted`);
  const { holdUpMs } = drill;
  const bootMs = Math.round(now - drill.givenAt);
  const wallMs = Math.round(now + board.wallOffsetMs);
  host.drill = undefined;
  host.tested = { wiring: host.settings.wiring ?? '', wallMs, holdUpMs, bootMs };
  const text = `its wiring was shown: silent ${holdUpMs} ms after the cut, back ${bootMs} ms after power`;
  return [{ kind: 'save' }, tell(host, 'info', 'drilled', text)];
}

/** What it was to show did not come: whatever was shown before is in doubt, too. */
export function failDrill(host: Host, why: string): Effect[] {
  if (host.drill === undefined) return [];
  host.drill = undefined;
  host.tested = undefined;
  host.drillFailed = why;
  return [
    { kind: 'save' },
    tell(host, 'warning', 'drill-failed', `its drill showed nothing: ${why}`),
  ];
}

/** What is shown to people. */
export function viewDrill(board: Board, host: Host, now: Instant): DrillView | null {
  if (host.drill !== undefined) return { state: 'running' };
  if (host.tested !== undefined) {
    const { wallMs, holdUpMs, bootMs } = host.tested;
    const ageMs = Math.max(0, Math.round(now + board.wallOffsetMs - wallMs));
    return { state: 'passed', ageMs, holdUpMs, bootMs };
  }
  return host.drillFailed === undefined ? null : { state: 'failed', why: host.drillFailed };
}
