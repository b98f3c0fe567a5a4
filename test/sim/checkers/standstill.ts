/**
 * Which hosts are in maintenance and whether all fencing is disabled, as ordered (section 5).
 *
 * Both are in force from the step that accepts the order. Maintenance ends by itself or by `enable`,
 * the emergency disable by `enable` only. After a restart they are what the board says that its
 * disk knows; that it knows them is another checker's question.
 */
import type { Effect, Event, Order } from '../../../firmware-agent/core/events.ts';
import type { Truth } from '../witness.ts';
import type { Rules } from './rules.ts';

export interface Standstill {
  truth(truth: Truth): void;
  step(at: number, event: Event, effects: readonly Effect[]): void;
  /** Nobody judges the silence of this host now. */
  isQuiet(host: number, at: number): boolean;
  /** All fencing is disabled. */
  isDisabled(): boolean;
}

const DEFAULT_MS = 3_600_000;
const LONGEST_MS = 7 * 24 * 3_600_000;
const NEVER = Number.NEGATIVE_INFINITY;

export function standstill(rules: Rules): Standstill {
  const untilAt: number[] = [];
  let disabled = false;
  const forget = (): void => {
    for (const { host } of rules.all) untilAt[host] = NEVER;
    disabled = false;
  };
  forget();
  const obey = (at: number, { op, host, args }: Order): void => {
    if (host === 0) disabled = op === 'disable';
    else if (op === 'enable') untilAt[host] = NEVER;
    else {
      const askedMs = args.forS === undefined ? DEFAULT_MS : args.forS * 1_000;
      untilAt[host] = at + rules.atLeast(Math.min(askedMs, LONGEST_MS));
    }
  };
  return {
    truth: (truth) => {
      if (truth.kind === 'agent' && truth.is === 'ended') forget();
    },
    step: (at, event, effects) => {
      if (event.kind === 'order' && (event.order.op === 'disable' || event.order.op === 'enable')) {
        if (effects.some((effect) => isAccepted(effect, event.order))) obey(at, event.order);
      }
      if (event.kind !== 'start') return;
      for (const effect of effects) {
        if (effect.kind !== 'news' || effect.over === true) continue;
        if (effect.code === 'disabled') disabled = true;
        if (effect.code !== 'maintenance' || effect.host === undefined) continue;
        untilAt[effect.host] = at + rules.atLeast(1_000 * leftS(effect.text) - 1_000);
      }
    },
    isQuiet: (host, at) => at < (untilAt[host] ?? NEVER),
    isDisabled: () => disabled,
  };
}

function isAccepted(effect: Effect, { cmdId }: Order): boolean {
  if (effect.kind !== 'answer' || effect.answer.cmdId !== cmdId) return false;
  return effect.answer.outcome === 'accepted';
}

/** What is left of it is told in words only. */
function leftS(text: string): number {
  return Number(/for (\d+) s more/.exec(text)?.[1] ?? 0);
}
