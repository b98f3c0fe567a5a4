/**
 * S15: what belongs to a group of resources never runs in two living, powered lives at once.
 *
 * The world tells where services of a group really run: from the moment at which a shim tells its own
 * host that the group is granted, until they are stopped or that life is over. Where a person has
 * answered for it that a host is off, and it was not, nothing is promised.
 */
import type { Checker, Witness } from '../witness.ts';

export const oneHolder: Checker = (facts, complain): Witness => {
  /** By group: the hosts on which it runs. */
  const running = new Map<number, Set<number>>();
  const nameOf = (group: number): string =>
    facts.settings.groups?.find((one) => one.group === group)?.name ?? String(group);
  const stopAll = (host: number): void => {
    for (const hosts of running.values()) hosts.delete(host);
  };
  return {
    looksAt: [],
    truth: (at, truth) => {
      if (truth.kind === 'life' && (truth.is === 'over' || truth.is === 'booting')) {
        return stopAll(truth.host);
      }
      if (truth.kind !== 'runs') return;
      const { host, group } = truth;
      const hosts = running.get(group) ?? new Set();
      running.set(group, hosts);
      if (!truth.on) return void hosts.delete(host);
      hosts.add(host);
      if (hosts.size < 2) return;
      const others = [...hosts].filter((other) => other !== host).join(', ');
      const sentence = `${nameOf(group)} starts on it while it runs on host ${others}`;
      complain({ rule: 'S15', at, host, sentence });
    },
    step: (_, __, effects) => {
      for (const effect of effects) {
        const isWord = effect.kind === 'news' && effect.code === 'acknowledged';
        if (isWord && effect.host !== undefined) stopAll(effect.host);
      }
    },
  };
};
