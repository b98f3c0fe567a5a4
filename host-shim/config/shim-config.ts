/**
 * shim.toml: who this host is, who guards it, and by which channels it beats.
 *
 * A wrong number here shows as a host that never gets a session, so the file is checked whole, and
 * everything wrong with it comes at once.
 */
import * as v from 'valibot';
import {
  baudSchema,
  durationSchema,
  nameSchema,
  numberSchema,
  pathSchema,
  wholeSchema,
} from '../../protocol/config-fields.ts';
import {
  type MqttSettings,
  mqttSchema,
  mqttSettings,
  notATable,
} from '../../protocol/mqtt-fields.ts';
import type { WatchdogSetup } from '../../protocol/native/watchdog.ts';
import { timerSchema } from '../../protocol/timer-fields.ts';
import {
  concluded,
  type Parsed,
  readToml,
  type TomlFile,
  tell,
  warn,
} from '../../protocol/toml.ts';
import { checked, says } from '../../protocol/toml-check.ts';
import { GROUPS_HELD_MAX } from '../../protocol/wire/groups.ts';
import type { TimerSettings } from '../../protocol/wire/timer.ts';
import { checkSelfFence, selfFenceSchema, watchdogSchema } from './self-fence.ts';

/** A checked shim.toml. */
export interface ShimConfig {
  version: number;
  host: Identity;
  agent: Identity;
  serial?: { path: string; baud: number };
  mqtt?: MqttSettings;
  keysPath: string;
  keepaliveMs: number;
  /** The watchdog timer that this host has its board keep. */
  timer?: TimerSettings;
  /** The self-fence: this machine restarts when its contact is so old. */
  selfFenceMs?: number;
  /** The board may report this host as fenced by its time: no other contact counts. */
  byTimeout?: boolean;
  watchdog?: WatchdogSetup;
  /** Groups of resources that this host may claim, by name, with their numbers. */
  groups: ReadonlyMap<string, number>;
}

/** A name for people and topics, and the number that stands for it on the wire. */
export interface Identity {
  name: string;
  id: number;
}

const KEYS_PATH = '/etc/fencepost/keys';
const BAUD_DEFAULT = 115_200;
const KEEPALIVE_DEFAULT_MS = 1_000;
/** Below this the scheduler of a busy host would decide when it beats. */
const KEEPALIVE_MIN_MS = 50;
const VERSION_MAX = 4_294_967_295;

/** Keys that the design has and this version has not: ignored, they would be trusted. */
const LATER: ReadonlySet<string> = new Set(['checks', 'resources']);

interface TopTable {
  schema: number;
  version: number;
  keys?: string | undefined;
  host: unknown;
  agent: unknown;
  serial?: unknown;
  mqtt?: unknown;
  timing?: unknown;
  timer?: unknown;
  self_fence?: unknown;
  watchdog?: unknown;
  groups?: unknown;
}

const topSchema: v.GenericSchema<unknown, TopTable> = v.strictObject({
  schema: v.literal(1, says('this form of the file is not known', 'Write schema = 1.')),
  version: wholeSchema('the version', 1, VERSION_MAX),
  keys: v.optional(pathSchema),
  host: v.unknown(),
  agent: v.unknown(),
  serial: v.optional(v.unknown()),
  mqtt: v.optional(v.unknown()),
  timing: v.optional(v.unknown()),
  timer: v.optional(v.unknown()),
  self_fence: v.optional(v.unknown()),
  watchdog: v.optional(v.unknown()),
  groups: v.optional(v.unknown()),
});

const serialSchema: v.GenericSchema<unknown, { path: string; baud?: number | undefined }> =
  v.strictObject({ path: pathSchema, baud: v.optional(baudSchema) }, notATable('serial'));

const timingSchema: v.GenericSchema<unknown, { keepalive?: number | undefined }> = v.strictObject(
  { keepalive: v.optional(durationSchema) },
  notATable('timing'),
);

/** Reads the text of a shim.toml; `file` is its name for people. All problems come at once. */
export function parseShimConfig(text: string, file: string): Parsed<ShimConfig> {
  const toml = readToml(text, file);
  if (!('value' in toml)) return { ok: false, problems: [toml] };
  const top = checked(toml, [], topSchema, toml.value, LATER);
  const host = section(toml, 'host', identitySchema('host'));
  const agent = section(toml, 'agent', identitySchema('agent'));
  const serial = section(toml, 'serial', serialSchema);
  const mqtt = section(toml, 'mqtt', mqttSchema);
  const broker = mqtt && mqttSettings(toml, mqtt, ['mqtt']);
  const { keepalive: keepaliveMs = KEEPALIVE_DEFAULT_MS } =
    section(toml, 'timing', timingSchema) ?? {};
  checkKeepalive(toml, keepaliveMs);
  const timer = section(toml, 'timer', timerSchema);
  if (timer !== undefined) checkTimer(toml, timer, keepaliveMs);
  const watchdog = section(toml, 'watchdog', watchdogSchema);
  const selfFence = section(toml, 'self_fence', selfFenceSchema);
  if (selfFence !== undefined) checkSelfFence(toml, selfFence.timeout, keepaliveMs);
  const groups = readGroups(toml);
  checkChannels(toml);
  if (top === undefined || host === undefined || agent === undefined) {
    return concluded<ShimConfig>(toml, undefined);
  }
  return concluded<ShimConfig>(toml, {
    version: top.version,
    host,
    agent,
    keysPath: top.keys ?? KEYS_PATH,
    keepaliveMs,
    groups,
    ...(serial && { serial: { path: serial.path, baud: serial.baud ?? BAUD_DEFAULT } }),
    ...(broker && { mqtt: broker }),
    ...(timer && { timer }),
    ...(selfFence && { selfFenceMs: selfFence.timeout }),
    ...(selfFence?.by_timeout === true && { byTimeout: true }),
    ...(watchdog && { watchdog: { device: watchdog.device, timeoutMs: watchdog.timeout } }),
  });
}

const groupsSchema: v.GenericSchema<unknown, Record<string, number>> = v.record(
  nameSchema,
  numberSchema,
  notATable('groups'),
);

/** Names and numbers as in the board's file; a number under two names would be held twice. */
function readGroups(toml: TomlFile): ReadonlyMap<string, number> {
  const groups = Object.entries(section(toml, 'groups', groupsSchema) ?? {});
  for (const [index, [name, id]] of groups.entries()) {
    const at = ['groups', name];
    const other = groups.slice(0, index).find((one) => one[1] === id);
    if (other !== undefined) {
      const remedy = 'Give each the number that it has in agent.toml.';
      tell(toml, at, `the number ${id} is that of group ${other[0]}, too`, remedy);
    }
    if (index !== GROUPS_HELD_MAX) continue;
    const remedy = 'Put what always moves together into one group.';
    tell(toml, at, `a host has at most ${GROUPS_HELD_MAX} groups`, remedy);
  }
  return new Map(groups);
}

/** The schema of a table `[what]` with a name and a number. */
export function identitySchema(what: string): v.GenericSchema<unknown, Identity> {
  return v.strictObject({ name: nameSchema, id: numberSchema }, notATable(what));
}

function checkKeepalive(toml: TomlFile, keepaliveMs: number): void {
  if (keepaliveMs >= KEEPALIVE_MIN_MS) return;
  tell(
    toml,
    ['timing', 'keepalive'],
    'no host beats that often: the scheduler would decide',
    `Write at least "${KEEPALIVE_MIN_MS}ms", the same as in agent.toml.`,
  );
}

/** The board knows the other limits, and answers a timer that it refuses with the one that stands. */
function checkTimer(toml: TomlFile, { timeoutMs }: TimerSettings, keepaliveMs: number): void {
  if (timeoutMs >= 3 * keepaliveMs) return;
  tell(
    toml,
    ['timer', 'timeout'],
    'the timeout is shorter than three keepalives: lost beats would look like a hang',
    'Lengthen it, or shorten keepalive here and in agent.toml.',
  );
}

/** A table that is wrong in itself is a channel all the same. */
function checkChannels(toml: TomlFile): void {
  const channels = ['serial', 'mqtt'].filter((name) => toml.value[name] !== undefined);
  if (channels.length === 0) {
    tell(
      toml,
      [],
      'the host has no channel: its beats could never arrive',
      'Add [serial], or [mqtt], or better both.',
    );
  } else if (channels.length === 1) {
    warn(
      toml,
      channels,
      'this is the only channel: a fault of it looks like the death of the host',
      'Add the other of [serial] and [mqtt].',
    );
  }
}

function section<T>(
  toml: TomlFile,
  name: string,
  schema: v.GenericSchema<unknown, T>,
): T | undefined {
  const value = toml.value[name];
  return value === undefined ? undefined : checked(toml, [name], schema, value, LATER);
}
