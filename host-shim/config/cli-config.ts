/**
 * fencepost.toml: with whose key, over which broker, a person or a program gives orders.
 *
 * On the board itself none is needed: the right to open its socket is the right to order.
 */
import * as v from 'valibot';
import { pathSchema } from '../../protocol/config-fields.ts';
import { type MqttSettings, mqttSchema, mqttSettings } from '../../protocol/mqtt-fields.ts';
import { concluded, type Parsed, readToml } from '../../protocol/toml.ts';
import { checked, says } from '../../protocol/toml-check.ts';
import { type Identity, identitySchema } from './shim-config.ts';

/** A checked fencepost.toml. */
export interface CliConfig {
  agent: Identity;
  mqtt: MqttSettings;
  /** Whose orders these are: the name in the keys file and the number in agent.toml. */
  orderer: Identity;
  keysPath: string;
}

interface TopTable {
  schema: number;
  agent: unknown;
  mqtt: unknown;
  orderer: unknown;
  keys: string;
}

const topSchema: v.GenericSchema<unknown, TopTable> = v.strictObject({
  schema: v.literal(1, says('this form of the file is not known', 'Write schema = 1.')),
  agent: v.unknown(),
  mqtt: v.unknown(),
  orderer: v.unknown(),
  keys: pathSchema,
});

/** Reads the text of a fencepost.toml; `file` is its name for people. All problems come at once. */
export function parseCliConfig(text: string, file: string): Parsed<CliConfig> {
  const toml = readToml(text, file);
  if (!('value' in toml)) return { ok: false, problems: [toml] };
  const top = checked(toml, [], topSchema, toml.value);
  const section = <T>(name: string, schema: v.GenericSchema<unknown, T>): T | undefined => {
    const value = toml.value[name];
    return value === undefined ? undefined : checked(toml, [name], schema, value);
  };
  const agent = section('agent', identitySchema('agent'));
  const orderer = section('orderer', identitySchema('orderer'));
  const table = section('mqtt', mqttSchema);
  const mqtt = table && mqttSettings(toml, table, ['mqtt']);
  if (!top || !agent || !orderer || !mqtt) return concluded<CliConfig>(toml, undefined);
  return concluded(toml, { agent, mqtt, orderer, keysPath: top.keys });
}
