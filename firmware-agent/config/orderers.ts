/**
 * The `[orderers.NAME]` tables: who may order what, and for which host he speaks.
 *
 * A cluster node's key is bound to its host, so that a victim's orders can be refused; a key that is
 * bound to none belongs to a person and must say so. Two nodes that share one key would both win a
 * duel: such a key would have to cut its own host, or be an operator's, and both are caught here.
 */

import { type KeyPath, type TomlFile, tell, warn } from '../../protocol/toml.ts';
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
    checkShared(toml, path, name, table, hosts);
    orderers.push(ordererOf(toml, path, name, table, hosts));
  }
  warnOfLoneKeys(toml, orderers, hosts);
  return orderers;
}

function ordererOf(
  toml: TomlFile,
  path: KeyPath,
  name: string,
  table: OrdererTable,
  hosts: ReadonlyMap<string, number>,
): OrdererSettings {
  const { id, host, may, hosts: over } = table;
  const boundTo = host === undefined ? undefined : hostNumber(toml, [...path, 'host'], host, hosts);
  const numbers = over?.flatMap(
    (one, index) => hostNumber(toml, [...path, 'hosts', index], one, hosts) ?? [],
  );
  return {
    orderer: id,
    name,
    may,
    ...(boundTo !== undefined && { boundTo }),
    ...(numbers !== undefined && { hosts: numbers }),
  };
}

/** The number of a host that is named at that place of the file; told where there is none. */
export function hostNumber(
  toml: TomlFile,
  at: KeyPath,
  host: string,
  hosts: ReadonlyMap<string, number>,
): number | undefined {
  const number = hosts.get(host);
  if (number === undefined) {
    const remedy = `Add [hosts.${host}] or correct the name.${didYouMean(host, [...hosts.keys()])}`;
    tell(toml, at, `there is no host "${host}"`, remedy);
  }
  return number;
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

/** What a key that two nodes share would need. */
function checkShared(
  toml: TomlFile,
  path: KeyPath,
  name: string,
  table: OrdererTable,
  hosts: ReadonlyMap<string, number>,
): void {
  const { host, operator, may, hosts: over = [...hosts.keys()] } = table;
  if ((host === undefined) !== (operator ?? false)) return;
  if (hosts.has(name) && host !== name) {
    tell(
      toml,
      path,
      `the orderer has the name of host "${name}" and is not bound to it`,
      `Write host = "${name}", or give it a name that is no host's.`,
    );
  }
  if (host === undefined || !mayCut(may) || !over.includes(host)) return;
  const others = over.filter((one) => one !== host).map((one) => `"${one}"`);
  const narrow =
    others.length > 0
      ? `write hosts = [${others.join(', ')}] here`
      : 'remove "fence", "off" and "ack" from may';
  tell(
    toml,
    table.hosts === undefined ? path : [...path, 'hosts'],
    `the key of "${host}" may cut "${host}" itself, as only a key that two nodes share has to`,
    `Give each node its own orderer and key, and ${narrow}.`,
  );
}

/** A node that others may fence and that has no key of its own will borrow one. */
function warnOfLoneKeys(
  toml: TomlFile,
  orderers: OrdererSettings[],
  hosts: ReadonlyMap<string, number>,
): void {
  const nodes = orderers.filter(({ boundTo, may }) => boundTo !== undefined && mayCut(may));
  for (const [name, number] of hosts) {
    const fencer = nodes.find((node) => node.hosts?.includes(number));
    if (fencer === undefined || nodes.some(({ boundTo }) => boundTo === number)) continue;
    warn(
      toml,
      ['orderers', fencer.name, 'hosts'],
      `"${name}" may be fenced by ${fencer.name} and no key is bound to it`,
      `If it orders, too, add [orderers.${name}] with host = "${name}" and a key of its own.`,
    );
  }
}

function mayCut(may: OrdererTable['may']): boolean {
  return may.some((right) => ['fence', 'off', 'ack'].includes(right));
}
