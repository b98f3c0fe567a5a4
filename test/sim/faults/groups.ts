/** What programs and disks of a machine do with groups of resources. */
import type { Prng } from '../../lib/prng.ts';
import type { Entry, Plan } from '../plan.ts';
import {
  claimGroup,
  losesRecord,
  releaseGroup,
  startShim,
  unclaimGroup,
} from '../world/machine.ts';
import { add, DEED, machineOf } from '../world/state.ts';
import { anySpan, type Drawn, type FaultKind } from './kind.ts';

/** A host and a group of it; undefined where the plan has none. */
function anyMember(
  chance: Prng,
  { board }: Plan,
): Required<Pick<Drawn, 'host' | 'with'>> | undefined {
  if (board.groups === undefined) return undefined;
  const { group, hosts } = chance.pick(board.groups);
  return { host: chance.pick(hosts), with: { group } };
}

/** A service takes a moment to come up again. */
const AGAIN_MS = 150;

const groupOf = ({ with: more }: Entry): number => Number(more['group']);

export const GROUPS: Readonly<Record<string, FaultKind>> = {
  'group-claim': {
    row: 'd',
    draw: (chance, plan) => {
      const member = anyMember(chance, plan);
      return member && { ...member, forMs: 2 * anySpan(chance, plan) };
    },
    begin: (world, entry) => claimGroup(world, machineOf(world, entry.host ?? 0), groupOf(entry)),
    end: (world, entry) => unclaimGroup(world, machineOf(world, entry.host ?? 0), groupOf(entry)),
  },
  'group-release': {
    row: 'd',
    draw: anyMember,
    begin: (world, entry) => releaseGroup(world, machineOf(world, entry.host ?? 0), groupOf(entry)),
  },
  /** A service that is started anew: what is late of the release meets the claim. */
  'group-again': {
    row: 'd',
    draw: (chance, plan) => {
      const member = anyMember(chance, plan);
      return member && { ...member, forMs: anySpan(chance, plan) };
    },
    begin: (world, entry, index) => {
      releaseGroup(world, machineOf(world, entry.host ?? 0), groupOf(entry));
      add(world, world.now + AGAIN_MS, DEED.again, index, 0);
    },
    again: (world, entry) => {
      claimGroup(world, machineOf(world, entry.host ?? 0), groupOf(entry));
      return 0;
    },
    end: (world, entry) => unclaimGroup(world, machineOf(world, entry.host ?? 0), groupOf(entry)),
  },
  'group-record-lost': {
    row: 34,
    draw: (chance, plan) => {
      const member = anyMember(chance, plan);
      const how = chance.pick(['none', 'unreadable']);
      return member && { ...member, forMs: chance.between(20, 3_000), with: { how } };
    },
    begin: (world, { host = 0, with: more }) =>
      losesRecord(world, machineOf(world, host), more['how'] as 'none' | 'unreadable'),
    end: (world, { host = 0 }) => {
      const machine = machineOf(world, host);
      if (machine.shim === undefined) startShim(world, machine);
    },
  },
};
