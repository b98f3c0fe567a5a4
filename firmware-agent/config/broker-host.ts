/**
 * A broker that runs on a guarded host dies with it, and with it the way by which the others would
 * order its fence. Their orders pass over their own serial lines too, so each of them needs one.
 */
import { type AgentMqttTable, isLoopback } from '../../protocol/mqtt-fields.ts';
import { type TomlFile, tell, warn } from '../../protocol/toml.ts';
import { didYouMean } from '../../protocol/toml-check.ts';
import type { OrdererSettings } from '../core/settings.ts';
import type { ReadHost } from './hosts.ts';

/** Tells where the broker's death would silence an orderer; warns of what else it takes along. */
export function checkBrokerHost(
  toml: TomlFile,
  mqtt: AgentMqttTable,
  hosts: readonly ReadHost[],
  orderers: readonly OrdererSettings[],
): void {
  const broker = brokerHost(toml, mqtt, hosts);
  if (broker === undefined) return;
  const others = hosts.filter((host) => host !== broker);
  const mute = others.flatMap(({ path, settings }) => {
    const key = orderers.find(({ boundTo }) => boundTo === settings.host);
    return key === undefined || settings.serial !== undefined ? [] : [{ path, key: key.name }];
  });
  for (const { path, key } of mute) {
    tell(
      toml,
      path,
      `the broker runs on ${broker.name}, so orders of ${key}, bound to this host, die with that one`,
      `Give this host a serial line, run the broker elsewhere, or remove [orderers.${key}].`,
    );
  }
  if (mute.length > 0) return;
  warn(
    toml,
    [...broker.path, 'mqtt'],
    'the broker runs on this host: its death silences MQTT for all',
    'Run the broker elsewhere, or give every host a serial line.',
  );
}

/** As declared, or as the address of the broker says. */
function brokerHost(
  toml: TomlFile,
  { url, on_host: declared, on_board: onBoard }: AgentMqttTable,
  hosts: readonly ReadHost[],
): ReadHost | undefined {
  const address = new URL(url).hostname.toLowerCase();
  const isOf = ({ name }: ReadHost): boolean =>
    declared === undefined
      ? name.toLowerCase() === address && !isLoopback(address)
      : name === declared;
  const found = hosts.find(isOf);
  const at = ['mqtt', 'on_host'];
  if (declared !== undefined && onBoard === true) {
    tell(toml, at, 'the broker cannot run on the board and on a host', 'Keep on_board or on_host.');
  } else if (declared !== undefined && found === undefined) {
    const guess = didYouMean(
      declared,
      hosts.map(({ name }) => name),
    );
    tell(toml, at, `there is no host "${declared}"`, `Write the name of a guarded host.${guess}`);
  }
  return found;
}
