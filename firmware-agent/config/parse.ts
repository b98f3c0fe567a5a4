/**
 * agent.toml, from text to a configuration that can be trusted, or to everything wrong with it.
 *
 * A board that starts with half a configuration guards half the hosts and looks healthy. So a file
 * is taken whole or not at all, and all its errors come at once: each table is checked for itself,
 * then the tables against each other. Nothing here touches a device, a file or a clock.
 */
import type * as v from 'valibot';
import { nameSchema } from '../../protocol/config-fields.ts';
import type { AgentMqttTable } from '../../protocol/mqtt-fields.ts';
import { agentMqttSchema, isLoopback, mqttSettings } from '../../protocol/mqtt-fields.ts';
import {
  concluded,
  type Parsed,
  readToml,
  type TomlFile,
  tell,
  warn,
} from '../../protocol/toml.ts';
import { checked, isTable } from '../../protocol/toml-check.ts';
import { DELAY_MAX_MS, HOOK_TIME_MS } from '../core/limits.ts';
import {
  checkSilence,
  checkSwitchPorts,
  checkUnique,
  warnOfSharedFate,
  warnOfSlowCompany,
} from './board.ts';
import { checkBrokerHost } from './broker-host.ts';
import type { AgentConfig } from './config.ts';
import { warnOfFates } from './fates.ts';
import { readGroups } from './groups.ts';
import { type ReadHost, readHost } from './hosts.ts';
import { LATER } from './later.ts';
import { readOrderers } from './orderers.ts';
import type { AgentTable, AlertTable, TopTable, WatchdogTable } from './schema.ts';
import { agentSchema, alertSchema, timingSchema, topSchema, watchdogSchema } from './schema.ts';
import { checkSelfFence } from './self-fence.ts';
import { audienceOf } from './ways-of-proof.ts';

const KEYS_PATH = '/etc/fencepost/keys';
const STATE_DIR = '/var/lib/fencepost';
const SOCKET_PATH = '/run/fencepost/agent.sock';

/** Reads the text of an agent.toml; `file` is its name for people. All problems come at once. */
export function parseAgentConfig(text: string, file: string): Parsed<AgentConfig> {
  const toml = readToml(text, file);
  if (!('value' in toml)) return { ok: false, problems: [toml] };
  const top = checked(toml, [], topSchema, toml.value, LATER);
  const agent = section(toml, 'agent', agentSchema);
  const alert = section(toml, 'alert', alertSchema);
  const watchdog = section(toml, 'watchdog', watchdogSchema);
  const mqtt = section(toml, 'mqtt', agentMqttSchema);
  const broker = mqtt && mqttSettings(toml, mqtt, ['mqtt']);
  const brokerOnBoard = mqtt !== undefined && isOnBoard(toml, mqtt);
  const hosts = readHosts(toml, mqtt);
  checkUnique(toml, hosts);
  checkSwitchPorts(toml, hosts);
  const numbers = numbersOf(toml, hosts);
  const orderers = readOrderers(toml, tablesAt(toml, 'orderers'), numbers);
  const groups = readGroups(toml, tablesAt(toml, 'groups'), numbers);
  // Of hosts that are half understood nobody can say what they share.
  const tables = Object.keys(tablesAt(toml, 'hosts'));
  if (hosts.length === tables.length && hosts.every((host) => host.complete)) {
    const settings = hosts.map((host) => host.settings);
    const heard = audienceOf(settings, brokerOnBoard);
    checkSilence(toml, hosts, heard);
    warnOfSharedFate(toml, hosts);
    warnOfSlowCompany(toml, hosts);
    warnOfFates(toml, hosts, heard, mqtt?.adapter);
    if (mqtt !== undefined) checkBrokerHost(toml, mqtt, hosts, orderers);
    for (const host of hosts) checkSelfFence(toml, host, { watchdog, brokerOnBoard });
  }
  if (top === undefined || agent === undefined) return concluded<AgentConfig>(toml, undefined);
  return concluded<AgentConfig>(toml, {
    ...boardOf(top, agent),
    board: {
      agent: agent.id,
      name: agent.name,
      brokerOnBoard,
      ...(agent.match_hold !== undefined && { matchHoldMs: agent.match_hold }),
      hosts: hosts.map((host) => host.settings),
      orderers,
      ...(groups.length > 0 && { groups }),
    },
    devices: hosts.map((host) => host.devices),
    ...(broker !== undefined && { mqtt: broker }),
    ...(alert !== undefined && { alert: hookOf(alert) }),
    ...(watchdog !== undefined && { watchdog: watchdogOf(watchdog) }),
  });
}

function boardOf(
  top: TopTable,
  agent: AgentTable,
): Pick<AgentConfig, 'version' | 'keysPath' | 'stateDir' | 'socketPath'> {
  return {
    version: top.version,
    keysPath: agent.keys ?? KEYS_PATH,
    stateDir: agent.state ?? STATE_DIR,
    socketPath: agent.socket ?? SOCKET_PATH,
  };
}

function hookOf({ command, time_limit: timeLimitMs = HOOK_TIME_MS }: AlertTable): {
  command: string[];
  timeLimitMs: number;
} {
  return { command, timeLimitMs };
}

function watchdogOf({ device, timeout, magic_close: magicClose = false }: WatchdogTable): {
  device: string;
  timeoutMs: number;
  magicClose: boolean;
} {
  return { device, timeoutMs: timeout, magicClose };
}

/** The table `[name]`, or undefined where it is absent or was told to be wrong. */
function section<T>(
  toml: TomlFile,
  name: string,
  schema: v.GenericSchema<unknown, T>,
): T | undefined {
  const value = toml.value[name];
  return value === undefined ? undefined : checked(toml, [name], schema, value, LATER);
}

function readHosts(toml: TomlFile, mqtt: AgentMqttTable | undefined): ReadHost[] {
  const tables = Object.entries(tablesAt(toml, 'hosts'));
  if (tables.length === 0 && isTable(toml.value['hosts'])) {
    tell(toml, ['hosts'], 'no host is guarded', 'Add a table [hosts.NAME].');
  }
  const timing = section(toml, 'timing', timingSchema) ?? {};
  // A broken [mqtt] counts as present, or every host would be told that it has no broker.
  const hasMqtt = toml.value['mqtt'] !== undefined;
  const context = { timing, ...(hasMqtt && { mqtt: { delayMs: mqtt?.delay } }) };
  return tables.flatMap(([name, value]) => readHost(toml, name, value, context) ?? []);
}

/** Named tables whose names can be names; what is no table of tables was told by `topSchema`. */
function tablesAt(toml: TomlFile, key: 'hosts' | 'orderers' | 'groups'): Record<string, unknown> {
  const tables = toml.value[key];
  if (!isTable(tables)) return {};
  for (const name of Object.keys(tables)) checked(toml, [key, name], nameSchema, name);
  return tables;
}

/** Hosts by name, those that are wrong in themselves included: an orderer may speak of them. */
function numbersOf(toml: TomlFile, hosts: ReadHost[]): ReadonlyMap<string, number> {
  const named = Object.keys(tablesAt(toml, 'hosts')).map((name) => [name, 0] as const);
  return new Map([...named, ...hosts.map((host) => [host.name, host.settings.host] as const)]);
}

/** Where the broker runs; an address of this machine says so unless the file knows better. */
function isOnBoard(toml: TomlFile, mqtt: AgentMqttTable): boolean {
  if ((mqtt.delay ?? 0) > DELAY_MAX_MS) {
    tell(
      toml,
      ['mqtt', 'delay'],
      'beats that take this long cannot be told from stale ones',
      `Write at most "${DELAY_MAX_MS / 1_000}s".`,
    );
  }
  const local = isLoopback(new URL(mqtt.url).hostname);
  if (local && mqtt.on_board === false) {
    warn(
      toml,
      ['mqtt', 'on_board'],
      'the address of the broker is this machine',
      'Remove on_board, unless the address is that of a tunnel.',
    );
  }
  return mqtt.on_board ?? local;
}
