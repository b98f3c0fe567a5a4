/**
 * What shows that a host has power after it was called fenced is seen, and freezes it (S2).
 *
 * Somebody turned it on by hand, or a relay let go. Until the board itself gives power back, a sense
 * that reads on or a contact that reads closed says so with the next samples; then nothing more is
 * reported of that host before a person looked. Asked only of devices that were always honest, and
 * of a board that is awake.
 */
import type { Checker, Witness } from '../witness.ts';
import { type HostRules, rulesOf } from './rules.ts';

interface Published {
  rules: HostRules;
  /** Called fenced in this life of the board, and not given power since. */
  is: boolean;
  lied: boolean;
  poweredAt: number;
}

/** Idle samples are half a second apart or a period of the device, and one may just be missed. */
const SLACK_MS = 3_000;

export const contradicted: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const hosts: Published[] = [];
  for (const one of rules.all) {
    hosts[one.host] = { rules: one, is: false, lied: false, poweredAt: Infinity };
  }
  let stalledSince = 0;
  let dueAt = Infinity;
  return {
    looksAt: ['judge'],
    truth: (at, truth) => {
      if (truth.kind === 'stall' && truth.on) stalledSince = at;
      if (truth.kind === 'stall' && !truth.on) {
        for (const host of hosts) if (host !== undefined) host.poweredAt += at - stalledSince;
      }
      if (truth.kind === 'agent' && truth.is === 'ended') {
        for (const host of hosts) if (host !== undefined) host.is = false;
      }
      if (truth.kind !== 'power' && truth.kind !== 'devices') return;
      const host = hosts[truth.host];
      if (host === undefined) return;
      if (truth.kind === 'devices') host.lied ||= !truth.honest;
      if (truth.kind !== 'power') return;
      host.poweredAt = truth.on ? at : Infinity;
      if (host.is) dueAt = Math.min(dueAt, at);
    },
    step: (at, event, effects) => {
      for (const effect of effects) {
        const host = 'host' in effect ? hosts[effect.host ?? 0] : undefined;
        if (host === undefined) continue;
        if (effect.kind === 'restore' || effect.kind === 'cut') host.is = false;
        if (effect.kind !== 'news' || effect.over === true) continue;
        if (effect.code === 'fenced') {
          host.is = true;
          dueAt = Math.min(dueAt, at);
        } else if (effect.text.startsWith('frozen: ')) host.is = false;
      }
      if (at < dueAt || event.kind !== 'judge') return;
      dueAt = Infinity;
      for (const host of hosts) {
        if (host === undefined || !host.is || host.lied || host.poweredAt === Infinity) continue;
        const { settings, host: number } = host.rules;
        const periods = [...settings.outlets, ...settings.senses].map(({ periodMs }) => periodMs);
        const waitMs = 3 * Math.max(...periods) + SLACK_MS;
        dueAt = Math.min(dueAt, host.poweredAt + waitMs);
        if (at < host.poweredAt + waitMs) continue;
        host.is = false;
        const sinceMs = at - host.poweredAt;
        const sentence = `it was called fenced, has power for ${sinceMs.toFixed(0)} ms, and is not frozen`;
        complain({ rule: 'S2', at, host: number, sentence });
      }
    },
  };
};
