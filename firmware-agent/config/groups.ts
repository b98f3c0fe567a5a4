/** The `[groups.NAME]` tables: what must run on one host at a time, and which hosts may. */
import { type KeyPath, type TomlFile, tell, warn } from '../../protocol/toml.ts';
import { checked } from '../../protocol/toml-check.ts';
import { GROUPS_HELD_MAX } from '../../protocol/wire/groups.ts';
import type { GroupSettings } from '../core/settings.ts';
import { LATER } from './later.ts';
import { hostNumber } from './orderers.ts';
import { groupSchema } from './schema.ts';

/** Reads all groups against the hosts' names and numbers; what is wrong is told and left out. */
export function readGroups(
  toml: TomlFile,
  tables: Record<string, unknown>,
  hosts: ReadonlyMap<string, number>,
): GroupSettings[] {
  const groups: GroupSettings[] = [];
  const counts = new Map<string, number>();
  for (const [name, value] of Object.entries(tables)) {
    const path: KeyPath = ['groups', name];
    const table = checked(toml, path, groupSchema, value, LATER);
    if (table === undefined) continue;
    if (groups.some(({ group }) => group === table.id)) {
      const remedy = 'Give each group its own number, the same as in each shim.toml.';
      tell(toml, [...path, 'id'], `group number ${table.id} is used twice`, remedy);
    }
    if (table.hosts.length === 1) {
      const remedy = 'Add the host that is to take over from it.';
      warn(toml, [...path, 'hosts'], 'the group can run on one host only', remedy);
    }
    const numbers = table.hosts.flatMap((host, index) => {
      const at = [...path, 'hosts', index];
      const count = (counts.get(host) ?? 0) + 1;
      counts.set(host, count);
      if (count === GROUPS_HELD_MAX + 1) {
        const most = `host "${host}" is in more than ${GROUPS_HELD_MAX} groups`;
        tell(toml, at, most, 'Put what always moves together into one group.');
      }
      return hostNumber(toml, at, host, hosts) ?? [];
    });
    groups.push({ group: table.id, name, hosts: numbers });
  }
  return groups;
}
