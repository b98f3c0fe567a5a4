/**
 * A plan whose hosts have no outlets, and end themselves: everything else happens as before, but for
 * what was to happen to outlets and senses. The times are short, so that brief worlds see the end of a
 * wait. Their shims die often, and some of them while they starve the watchdog, which feeds it anew.
 */
import { PLEDGE } from '../../protocol/wire/messages.ts';
import { type Prng, prng } from '../lib/prng.ts';
import type { Entry, HostPlan, Plan } from './plan.ts';

const CRASHES = 8;

/** Kinds of entries that need an outlet or a sense of their host. */
const OF_DEVICES = /^(relay|sense|contact|device|by-hand|plug|bounce|slow)/;

export function withoutOutlets(plan: Plan): Plan {
  const chance = prng(plan.seed + 1);
  const hosts = plan.hosts.map((host) => (chance.chance(0.75) ? bare(chance, host) : host));
  const bareHosts = new Set(hosts.flatMap((host) => (host.ends ? [host.settings.host] : [])));
  const keeps = ({ kind, host }: Entry): boolean =>
    host === undefined || !bareHosts.has(host) || !OF_DEVICES.test(kind);
  const crashes = [...bareHosts].flatMap((host) =>
    Array.from({ length: CRASHES }, (): Entry => {
      const at = chance.between(0, plan.calmAt - 1);
      return { at, forMs: chance.between(20, 3_000), kind: 'shim-crash', host, with: {} };
    }),
  );
  const schedule = [...plan.schedule.filter(keeps), ...crashes].sort((a, b) => a.at - b.at);
  return { ...plan, hosts, schedule };
}

function bare(chance: Prng, host: HostPlan): HostPlan {
  const { settings } = host;
  const all = PLEDGE.hardware | PLEDGE.nowayout | PLEDGE.boardAlone;
  const lacks = chance.pick([0, 0, 0, 0, PLEDGE.hardware, PLEDGE.nowayout, PLEDGE.boardAlone]);
  return {
    ...host,
    settings: {
      ...settings,
      proof: 'by-timeout',
      afterFence: 'restore',
      outlets: [],
      senses: [],
    },
    feeds: [[]],
    ends: {
      timeoutMs: settings.timing.deadtimeMs + chance.pick([500, 2_000, 10_000]),
      watchdogMs: chance.pick([1_000, 3_000, 10_000]),
      flags: all & ~lacks,
      refuses: chance.chance(0.3),
    },
  };
}
