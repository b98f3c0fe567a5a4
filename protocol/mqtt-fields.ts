/**
 * The `[mqtt]` table: one form for the agent, the shim and the command for people.
 *
 * A password never stands in a configuration, which is copied, shown and versioned: it is in a file
 * of its own or comes from a script. Certificates without TLS, or a name without a password, would
 * be silently useless, so they are refused.
 */
import * as v from 'valibot';
import { durationSchema, flagSchema, nameSchema, pathSchema, textSchema } from './config-fields.ts';
import type { SecretSource } from './secret.ts';
import { type KeyPath, type TomlFile, tell, warn } from './toml.ts';
import { says } from './toml-check.ts';

/** How to reach the broker. Secrets are named here and read by whoever connects. */
export interface MqttSettings {
  url: string;
  /** 5, or 3.1.1 written as 4; what is not agreed is an error and never falls back. */
  protocol: 4 | 5;
  user?: string;
  /** Where the password comes from: exactly one of the two where there is a user. */
  password?: SecretSource;
  ca?: string;
  cert?: string;
  key?: string;
}

const URL_REMEDY = 'Write "mqtts://HOST:8883", or "mqtt://HOST:1883" inside a trusted network.';

/** The table as it stands in a file, every value checked for itself. */
export interface MqttTable {
  url: string;
  protocol?: 4 | 5 | undefined;
  user?: string | undefined;
  password_file?: string | undefined;
  password_script?: string | undefined;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** What the agent alone may add. */
export interface AgentMqttTable extends MqttTable {
  /** The broker runs on the board itself, so that our own echo proves nothing. */
  on_board?: boolean | undefined;
  /** The guarded host that the broker runs on, where its address does not say so. */
  on_host?: string | undefined;
  /** What the board's way to the broker hangs on, by the same names as serial adapters. */
  adapter?: string | undefined;
  delay?: number | undefined;
}

const entries = {
  url: v.pipe(
    v.string(says('the address of the broker must be text', URL_REMEDY)),
    v.maxLength(1_023, says('the address is too long', URL_REMEDY)),
    v.check(isBrokerUrl, says('this is not the address of an MQTT broker', URL_REMEDY)),
    v.check(
      (url) => !url.includes('@'),
      says('a name or password must not stand in the address', 'Use user and password_file.'),
    ),
  ),
  protocol: v.optional(
    v.picklist([4, 5], says('this protocol is not known', 'Write 5, or 4 for MQTT 3.1.1.')),
  ),
  user: v.optional(textSchema),
  password_file: v.optional(pathSchema),
  password_script: v.optional(pathSchema),
  ca: v.optional(pathSchema),
  cert: v.optional(pathSchema),
  key: v.optional(pathSchema),
};

export const mqttSchema: v.GenericSchema<unknown, MqttTable> = v.strictObject(
  entries,
  notATable('mqtt'),
);
export const agentMqttSchema: v.GenericSchema<unknown, AgentMqttTable> = v.strictObject(
  {
    ...entries,
    on_board: v.optional(flagSchema),
    on_host: v.optional(nameSchema),
    adapter: v.optional(nameSchema),
    delay: v.optional(durationSchema),
  },
  notATable('mqtt'),
);

/** Message of a schema for the table `[name]`. */
export function notATable(name: string): string {
  return says('this must be a table', `Write a header such as [${name}].`);
}

/** The settings in a checked table; what contradicts itself is told. */
export function mqttSettings(toml: TomlFile, table: MqttTable, path: KeyPath): MqttSettings {
  const at = (key: string): KeyPath => [...path, key];
  const { user, password_file: file, password_script: script, ca, cert, key } = table;
  const secrets = [file, script].filter((source) => source !== undefined).length;
  if (secrets > 1) {
    tell(
      toml,
      at('password_script'),
      'the password has two sources',
      'Keep password_file or password_script.',
    );
  }
  if (user === undefined && secrets > 0) {
    tell(toml, path, 'there is a password and no user', 'Add user, or remove the password.');
  }
  if (user !== undefined && secrets === 0) {
    tell(toml, at('user'), 'there is a user and no password', 'Add password_file.');
  }
  if ((cert === undefined) !== (key === undefined)) {
    tell(
      toml,
      at(cert === undefined ? 'key' : 'cert'),
      'cert and key only work together',
      'Give both or neither.',
    );
  }
  const url = new URL(table.url);
  const secure = url.protocol === 'mqtts:';
  if (!secure && (ca ?? cert ?? key) !== undefined) {
    tell(toml, at('url'), 'ca, cert and key have no effect without TLS', 'Write mqtts://.');
  }
  if (!secure && !isLoopback(url.hostname)) {
    warn(
      toml,
      at('url'),
      'the broker is reached without TLS: passwords and states are readable',
      'Write mqtts:// and give ca.',
    );
  }
  return {
    url: table.url,
    protocol: table.protocol ?? 5,
    ...(user !== undefined && { user }),
    ...(file !== undefined && { password: { file } }),
    ...(script !== undefined && { password: { script } }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/** Whether a name certainly means the machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function isBrokerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const plain = url.pathname === '' || url.pathname === '/';
  return (
    ['mqtt:', 'mqtts:'].includes(url.protocol) &&
    url.hostname !== '' &&
    plain &&
    url.search === '' &&
    url.hash === '' &&
    url.port !== '0'
  );
}
