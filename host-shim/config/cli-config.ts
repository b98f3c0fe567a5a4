/**
 * fencepost.toml: with whose key, and by which ways, a person or a program gives orders.
 *
 * A broker may run on the very server that is dead, so a server that orders the fence of another has its
 * own serial line as a second way, through its shim. On the board itself none is needed: the right
 * to open its socket is the right to order.
 */
import * as v from 'valibot';
import {
  nameSchema,
  numberSchema,
  pathSchema,
  socketPathSchema,
  tablesSchema,
} from '../../protocol/config-fields.ts';
import {
  type MqttSettings,
  mqttSchema,
  mqttSettings,
  notATable,
} from '../../protocol/mqtt-fields.ts';
import { concluded, type Parsed, readToml, type TomlFile, tell } from '../../protocol/toml.ts';
import { checked, says } from '../../protocol/toml-check.ts';
import { type Identity, identitySchema } from './shim-config.ts';

/** A checked fencepost.toml. */
export interface CliConfig {
  agent: Identity;
  /** At least one of these two. */
  mqtt?: MqttSettings;
  shim?: ShimTable;
  /** Numbers of hosts by name: nothing else tells them over a serial line. */
  hosts: ReadonlyMap<string, number>;
  /** Whose orders these are: the name in the keys file and the number in agent.toml. */
  orderer: Identity;
  keysPath: string;
}

interface ShimTable {
  socket: string;
}

interface TopTable {
  schema: number;
  agent: unknown;
  mqtt?: unknown;
  shim?: unknown;
  hosts?: unknown;
  orderer: unknown;
  keys: string;
}

const topSchema: v.GenericSchema<unknown, TopTable> = v.strictObject({
  schema: v.literal(1, says('this form of the file is not known', 'Write schema = 1.')),
  agent: v.unknown(),
  mqtt: v.optional(v.unknown()),
  shim: v.optional(v.unknown()),
  hosts: v.optional(v.unknown()),
  orderer: v.unknown(),
  keys: pathSchema,
});

const shimSchema: v.GenericSchema<unknown, ShimTable> = v.strictObject(
  { socket: socketPathSchema },
  notATable('shim'),
);

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
  const shim = section('shim', shimSchema);
  const hosts = readHosts(toml);
  checkWays(toml);
  if (!top || !agent || !orderer) return concluded<CliConfig>(toml, undefined);
  const ways = { ...(mqtt && { mqtt }), ...(shim && { shim }) };
  return concluded(toml, { agent, orderer, keysPath: top.keys, hosts, ...ways });
}

/** `[hosts]`: NAME = NUMBER, no number twice. */
function readHosts(toml: TomlFile): Map<string, number> {
  const { hosts = {} } = toml.value;
  const table = checked(toml, ['hosts'], tablesSchema, hosts) ?? {};
  const numbers = new Map<string, number>();
  for (const [name, value] of Object.entries(table)) {
    const path = ['hosts', name];
    checked(toml, path, nameSchema, name);
    const number = checked(toml, path, numberSchema, value);
    if (number === undefined) continue;
    if ([...numbers.values()].includes(number)) {
      tell(toml, path, `host number ${number} is used twice`, 'Write the number of agent.toml.');
    }
    numbers.set(name, number);
  }
  return numbers;
}

/** A table that is wrong in itself is a way all the same. */
function checkWays(toml: TomlFile): void {
  const { mqtt, shim, hosts } = toml.value;
  if (mqtt === undefined && shim === undefined) {
    const remedy = 'Add [mqtt], on a guarded server [shim], or better both.';
    tell(toml, [], 'no channel leads to the board', remedy);
  }
  if (shim !== undefined && hosts === undefined) {
    const remedy =
      'Add [hosts] with NAME = NUMBER for each host that is ordered, as in agent.toml.';
    tell(toml, ['shim'], 'a serial line carries no lists, so no host is known by its name', remedy);
  }
}
