/**
 * The closed shape of agent.toml, table by table.
 *
 * Each table is checked for itself, so that an error in one host hides nothing in another; what
 * tables say about each other is compared afterwards (`hosts.ts`, `board.ts`, `orderers.ts`).
 */
import * as v from 'valibot';
import {
  baudSchema,
  commandSchema,
  durationSchema,
  flagSchema,
  nameSchema,
  numberSchema,
  pathSchema,
  socketPathSchema,
  tablesSchema,
  wholeSchema,
  wordSchema,
} from '../../protocol/config-fields.ts';
import { notATable } from '../../protocol/mqtt-fields.ts';
import { timerSchema } from '../../protocol/timer-fields.ts';
import { says } from '../../protocol/toml-check.ts';
import { watchdogFields } from '../../protocol/watchdog-fields.ts';
import type { TimerSettings } from '../../protocol/wire/timer.ts';
import { OUTLETS_PER_HOST_MAX } from '../core/limits.ts';
import { type HostSettings, RIGHTS, type Right } from '../core/settings.ts';

/** 2^32 - 1, so that a date with a serial number (2026112201) fits. */
const VERSION_MAX = 4_294_967_295;
const FATES_MAX = 16;

/** The tables that the file consists of; each is read by its own schema. */
export interface TopTable {
  schema: number;
  version: number;
  agent: unknown;
  hosts: Record<string, unknown>;
  mqtt?: unknown;
  alert?: unknown;
  watchdog?: unknown;
  timing?: unknown;
  orderers?: Record<string, unknown> | undefined;
  groups?: Record<string, unknown> | undefined;
}

export const topSchema: v.GenericSchema<unknown, TopTable> = v.strictObject({
  schema: v.literal(1, says('this form of the file is not known', 'Write schema = 1.')),
  version: wholeSchema('the version', 1, VERSION_MAX),
  agent: v.unknown(),
  hosts: tablesSchema,
  mqtt: v.optional(v.unknown()),
  alert: v.optional(v.unknown()),
  watchdog: v.optional(v.unknown()),
  timing: v.optional(v.unknown()),
  orderers: v.optional(tablesSchema),
  groups: v.optional(tablesSchema),
});

export interface AgentTable {
  name: string;
  id: number;
  keys?: string | undefined;
  state?: string | undefined;
  socket?: string | undefined;
  match_hold?: number | undefined;
}

export const agentSchema: v.GenericSchema<unknown, AgentTable> = v.strictObject(
  {
    name: nameSchema,
    id: numberSchema,
    keys: v.optional(pathSchema),
    state: v.optional(pathSchema),
    socket: v.optional(socketPathSchema),
    match_hold: v.optional(durationSchema),
  },
  notATable('agent'),
);

export interface AlertTable {
  command: string[];
  time_limit?: number | undefined;
}

export const alertSchema: v.GenericSchema<unknown, AlertTable> = v.strictObject(
  { command: commandSchema, time_limit: v.optional(durationSchema) },
  notATable('alert'),
);

/** A password script may take ten seconds, in which nothing is fed; chips end at 15 s as often. */
const WATCHDOG_LEAST_S = 15;

export interface WatchdogTable {
  device: string;
  timeout: number;
  /** What was measured: from a reset of the board until its agent listens. Only checked against. */
  boot?: number | undefined;
  magic_close?: boolean | undefined;
}

export const watchdogSchema: v.GenericSchema<unknown, WatchdogTable> = v.strictObject(
  {
    ...watchdogFields(WATCHDOG_LEAST_S),
    boot: v.optional(durationSchema),
    magic_close: v.optional(flagSchema),
  },
  notATable('watchdog'),
);

/** Timers as they stand in a file, in ms; each may be absent. */
export interface TimingTable {
  keepalive?: number | undefined;
  warntime?: number | undefined;
  deadtime?: number | undefined;
  initdead?: number | undefined;
  off_hold?: number | undefined;
  drain?: number | undefined;
}

const timers = {
  keepalive: v.optional(durationSchema),
  warntime: v.optional(durationSchema),
  deadtime: v.optional(durationSchema),
  initdead: v.optional(durationSchema),
  off_hold: v.optional(durationSchema),
  drain: v.optional(durationSchema),
};

export const timingSchema: v.GenericSchema<unknown, TimingTable> = v.strictObject(
  timers,
  notATable('timing'),
);

export interface SerialTable {
  path: string;
  baud?: number | undefined;
  modem?: boolean | undefined;
  adapter?: string | undefined;
  delay?: number | undefined;
}

export interface HostTable extends TimingTable {
  id: number;
  silence?: 'prove' | 'act' | undefined;
  proof?: HostSettings['proof'] | undefined;
  after_fence?: 'restore' | 'stay-off' | undefined;
  serial?: SerialTable | undefined;
  mqtt?: boolean | undefined;
  fate?: string[] | undefined;
  sick?: 'alarm' | 'act' | undefined;
  sicktime?: number | undefined;
  /** What was measured: how long its supply keeps it alive after the cut. Only checked against. */
  hold_up?: number | undefined;
  /** What its shim.toml says: it restarts itself after so long without contact. Only checked. */
  self_fence?: number | undefined;
  self_fence_shared_fate?: boolean | undefined;
  outlets?: unknown[] | undefined;
  senses?: unknown[] | undefined;
  pulses?: unknown[] | undefined;
  timer?: TimerSettings | undefined;
}

const serialSchema = v.strictObject(
  {
    path: pathSchema,
    baud: v.optional(baudSchema),
    modem: v.optional(flagSchema),
    adapter: v.optional(nameSchema),
    delay: v.optional(durationSchema),
  },
  says('this must be a table', 'Write serial = { path = "/dev/serial/by-path/..." }.'),
);

export const hostSchema: v.GenericSchema<unknown, HostTable> = v.strictObject(
  {
    id: numberSchema,
    silence: v.optional(wordSchema(['prove', 'act'])),
    proof: v.optional(wordSchema(['verified', 'by-hold', 'by-timeout'])),
    after_fence: v.optional(wordSchema(['restore', 'stay-off'])),
    serial: v.optional(serialSchema),
    mqtt: v.optional(flagSchema),
    fate: v.optional(namesSchema('fate', FATES_MAX)),
    sick: v.optional(wordSchema(['alarm', 'act'])),
    sicktime: v.optional(durationSchema),
    hold_up: v.optional(durationSchema),
    self_fence: v.optional(durationSchema),
    self_fence_shared_fate: v.optional(flagSchema),
    ...timers,
    outlets: v.optional(devicesSchema('outlets', 1)),
    senses: v.optional(devicesSchema('senses', 0)),
    pulses: v.optional(devicesSchema('pulses', 0)),
    timer: v.optional(timerSchema),
  },
  says('this must be a table', 'Write a header such as [hosts.NAME].'),
);

export interface OrdererTable {
  id: number;
  host?: string | undefined;
  operator?: boolean | undefined;
  may: Right[];
  hosts?: string[] | undefined;
}

const MAY_REMEDY = `Write a list of ${RIGHTS.join(', ')}, in quotes, each at most once.`;

export const ordererSchema: v.GenericSchema<unknown, OrdererTable> = v.strictObject(
  {
    id: numberSchema,
    host: v.optional(nameSchema),
    operator: v.optional(flagSchema),
    may: v.pipe(
      v.array(wordSchema(RIGHTS), says('this must be a list', MAY_REMEDY)),
      v.check((words) => words.length > 0, says('the list is empty', MAY_REMEDY)),
      v.check((words) => isUnique(words), says('a word stands twice in the list', MAY_REMEDY)),
    ),
    hosts: v.optional(namesSchema('hosts', 5_000)),
  },
  says('this must be a table', 'Write a header such as [orderers.NAME].'),
);

export interface GroupTable {
  id: number;
  hosts: string[];
}

export const groupSchema: v.GenericSchema<unknown, GroupTable> = v.strictObject(
  { id: numberSchema, hosts: namesSchema('hosts', 5_000) },
  says('this must be a table', 'Write a header such as [groups.NAME].'),
);

function namesSchema(what: string, most: number): v.GenericSchema<unknown, string[]> {
  const remedy = `Write a list of 1 to ${most} different names.`;
  return v.pipe(
    v.array(nameSchema, says(`${what} must be a list`, remedy)),
    v.check(
      (names) => names.length > 0 && names.length <= most,
      says('the list is empty or too long', remedy),
    ),
    v.check((words) => isUnique(words), says('a name stands twice in the list', remedy)),
  );
}

function devicesSchema(what: string, least: number): v.GenericSchema<unknown, unknown[]> {
  const remedy = `Write ${least} to ${OUTLETS_PER_HOST_MAX} tables [[hosts.NAME.${what}]].`;
  return v.pipe(
    v.array(v.unknown(), says(`${what} must be a list of tables`, remedy)),
    v.minLength(least, says(`the host has no ${what}`, remedy)),
    v.maxLength(OUTLETS_PER_HOST_MAX, says(`the host has too many ${what}`, remedy)),
  );
}

function isUnique(words: readonly string[]): boolean {
  return new Set(words).size === words.length;
}
