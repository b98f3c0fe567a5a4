/** The files of a rack: keys, agent.toml, one shim.toml a host, and fencepost.toml, as a user writes them. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RackSetup } from './rack.ts';

/** Writes all of them into `dir`. */
export function writeFiles(dir: string, setup: RackSetup): void {
  const key = (): string => randomBytes(32).toString('base64');
  const keys = setup.hosts.map((host) => ({ host, key: key() }));
  const operator = `admin ops 1 ${key()}\n`;
  const hostLines = keys.map((one) => `host ${one.host} 1 ${one.key}\n`);
  const secret = (name: string, text: string): void =>
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  secret('keys', hostLines.join('') + operator);
  secret('ops-keys', operator);
  keys.forEach(({ host }, i) => {
    secret(`${host}-keys`, hostLines[i] ?? '');
    writeFileSync(join(dir, `${host}.toml`), shimToml(dir, setup, host, i + 1));
  });
  writeFileSync(join(dir, 'agent.toml'), agentToml(dir, setup));
  if (setup.broker !== undefined) writeFileSync(join(dir, 'fencepost.toml'), opsToml(dir, setup));
}

function brokerLines(broker: { url: string; protocol: 4 | 5 } | undefined): string[] {
  if (broker === undefined) return [];
  return ['[mqtt]', `url = "${broker.url}"`, `protocol = ${broker.protocol}`, ''];
}

function agentToml(dir: string, setup: RackSetup): string {
  const timing = Object.entries(setup.timing).map(([name, value]) => `${name} = "${value}"`);
  const socket = join(dir, 'bench.sock');
  return [
    'schema = 1',
    'version = 1',
    '[agent]',
    'name = "board"',
    'id = 1',
    `keys = "${join(dir, 'keys')}"`,
    `state = "${setup.stateDir ?? join(dir, 'state')}"`,
    `socket = "${join(dir, 'agent.sock')}"`,
    '',
    ...brokerLines(setup.broker),
    ...(setup.broker?.elsewhere ? ['on_board = false'] : []),
    '[timing]',
    ...timing,
    '',
    ...setup.hosts.flatMap((name, i) => [
      `[hosts.${name}]`,
      `id = ${i + 1}`,
      ...(setup.serial === false
        ? []
        : [`serial = { path = "${join(dir, 'cables', `${name}-a`)}" }`]),
      ...linesFor(setup, name),
      ...(setup.bare === true ? [] : deviceLines(setup, name, socket)),
      '',
    ]),
    '[orderers.ops]',
    'id = 10',
    'operator = true',
    'may = ["fence", "off", "on", "ack", "disable", "reset", "diag", "timer", "status"]',
    ...(setup.agentLines ?? []),
    '',
  ].join('\n');
}

function deviceLines(setup: RackSetup, name: string, socket: string): string[] {
  return [
    `[[hosts.${name}.outlets]]`,
    `driver = "bench"\nname = "psu"\nsocket = "${socket}"\nplug = "${ownerOf(setup, name)}-psu"`,
    `[[hosts.${name}.senses]]`,
    `driver = "bench"\nname = "rail"\ncovers = "host"\nsocket = "${socket}"\nplug = "${name}-rail"`,
    ...[
      ['reset', 'reset'],
      ['diag', 'nmi'],
    ].map(
      ([kind, line]) =>
        `[[hosts.${name}.pulses]]\ndriver = "bench"\nkind = "${kind}"\nsocket = "${socket}"\nplug = "${name}-${line}"`,
    ),
  ];
}

function linesFor({ hostLines = [] }: RackSetup, host: string): string[] {
  return typeof hostLines === 'function' ? hostLines(host) : hostLines;
}

function shimToml(dir: string, setup: RackSetup, host: string, id: number): string {
  const broker =
    setup.broker === undefined
      ? undefined
      : { ...setup.broker, url: setup.shimBroker?.(host) ?? setup.broker.url };
  const serial =
    setup.serial === false ? [] : ['[serial]', `path = "${join(dir, 'cables', `${host}-b`)}"`, ''];
  return [
    'schema = 1',
    'version = 1',
    `keys = "${join(dir, `${host}-keys`)}"`,
    '[host]',
    `name = "${host}"`,
    `id = ${id}`,
    '[agent]',
    'name = "board"',
    'id = 1',
    ...serial,
    ...brokerLines(broker),
    '[timing]',
    `keepalive = "${setup.timing.keepalive}"`,
    ...(setup.shimLines?.(host) ?? []),
    '',
  ].join('\n');
}

function opsToml(dir: string, setup: RackSetup): string {
  const ids = '[agent]\nname = "board"\nid = 1\n[orderer]\nname = "ops"\nid = 10';
  const keys = `keys = "${join(dir, 'ops-keys')}"`;
  return ['schema = 1', keys, ids, ...brokerLines(setup.broker)].join('\n');
}

/** Whose supply hangs on the relay that agent.toml gives to this host. */
export function ownerOf({ crossed }: Pick<RackSetup, 'crossed'>, host: string): string {
  const at = crossed?.indexOf(host) ?? -1;
  return crossed === undefined || at < 0 ? host : crossed[at === 0 ? 1 : 0];
}
