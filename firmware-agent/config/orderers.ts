/**
 * The `[orderers.NAME]` tables: who may order what, and for which host he speaks.
 *
 * A cluster node's key is bound to its host, so that a victim's orders can be refused; a key that is
 * bound to none belongs to a person and must say so.
 */

import { type KeyPath, type TomlFile, tell } from '../../protocol/toml.ts';
import { checked, didYouMean } from '../../protocol/toml-check.ts';
import type { OrdererSettings } from '../core/settings.ts';
import { LATER } from './later.ts';
import { type OrdererTable, ordererSchema } from './schema.ts';

/** Reads all orderers against the hosts' names and numbers; what is wrong is told and left out. */
export function readOrderers(
  toml: TomlFile,
  tables: Record<string, unknown>,
  hosts: ReadonlyMap<string, number>,
): OrdererSettings[] {
  const orderers: OrdererSettings[] = [];
  for (const [name, value] of Object.entries(tables)) {
    const path: KeyPath = ['orderers', name];
    const table = checked(toml, path, ordererSchema, value, LATER);
    if (table === undefined) continue;
    if (orderers.some((other) => other.orderer === table.id)) {
      tell(
        toml,
        [...path, 'id'],
        `orderer number ${table.id} is used twice`,
        'Give each orderer its own number.',
      );
    }
    checkBinding(toml, path, table);
    orderers.push(ordererOf(toml, path, name, table, hosts));
  }
  return orderers;
}

function ordererOf(
  toml: TomlFile,
  path: KeyPath,
  name: string,
  table: OrdererTable,
  hosts: ReadonlyMap<string, number>,
): OrdererSettings {
  const numberOf = (host: string, at: KeyPath): number | undefined => {
    const number = hosts.get(host);
    if (number === undefined) {
      tell(
        toml,
        at,
        `there is no host "${host}"`,
        `Add [hosts.${host}] or correct the name.${didYouMean(host, [...hosts.keys()])}`,
      );
    }
    return number;
  };
  const { id, host, may, hosts: over } = table;
  const boundTo = host === undefined ? undefined : numberOf(host, [...path, 'host']);
  const numbers = over?.flatMap((one, index) => numberOf(one, [...path, 'hosts', index]) ?? []);
  return {
    orderer: id,
    name,
    may,
    ...(boundTo !== undefined && { boundTo }),
    ...(numbers !== undefined && { hosts: numbers }),
  };
}

function checkBinding(toml: TomlFile, path: KeyPath, table: OrdererTable): void {
  const operator = table.operator ?? false;
  if (table.host === undefined && !operator) {
    tell(
      toml,
      path,
      'the orderer is bound to no host, and is not an operator',
      'Add host = "NAME" for the key of a cluster node, or operator = true for a person.',
    );
  }
  if (table.host !== undefined && operator) {
    tell(
      toml,
      [...path, 'operator'],
      'an operator is bound to no host',
      'Remove host, or remove operator.',
    );
  }
}
