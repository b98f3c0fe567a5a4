/**
 * What the hosts of a board say about each other.
 *
 * Two names for one relay would cut the wrong machine; a host whose channels all hang on one thing
 * can never be told from a dead one. The first is refused, the second refused where the host could
 * never be found dead, and warned about where it only makes fencing rarer.
 */
import { type KeyPath, type TomlFile, tell, warn } from '../../protocol/toml.ts';
import { companyMs, HOSTS_MAX, missedMs } from '../core/limits.ts';
import type { HostSettings } from '../core/settings.ts';
import type { ReadHost } from './hosts.ts';
import { seconds } from './timing.ts';
import { type Audience, waysOfProof } from './ways-of-proof.ts';

const WAYS_OUT =
  'Add what proves it (a second channel, a second host, a broker that is not on the board, ' +
  'modem = true on a line wired for it, senses that cover every outlet and show a broken wire), ' +
  'or write silence = "act" to fence on silence alone.';

/** Tells numbers, ports and devices that are used twice. */
export function checkUnique(toml: TomlFile, hosts: ReadHost[]): void {
  const use = uniqueness(toml);
  for (const { path, settings, devices } of hosts) {
    use(`host number ${settings.host}`, [...path, 'id'], 'Give each host its own number.');
    if (devices.serial !== undefined) {
      use(
        `serial port ${devices.serial.path}`,
        [...path, 'serial', 'path'],
        'Give each host its own line.',
      );
    }
    for (const kind of ['outlets', 'senses', 'pulses'] as const) {
      for (const [index, device] of devices[kind].entries()) {
        use(
          `${'isLine' in device ? 'the' : kind} ${device.driver} ${device.same}`,
          [...path, kind, index],
          'One device belongs to one host and stands there once.',
        );
      }
    }
  }
  if (hosts.length > HOSTS_MAX) {
    tell(toml, ['hosts'], `there are more than ${HOSTS_MAX} hosts`, 'Use a second board.');
  }
}

/** A line of beats carries nothing else, and one port has one switch. */
export function checkSwitchPorts(toml: TomlFile, hosts: ReadHost[]): void {
  const lines = new Set(hosts.map(({ devices }) => devices.serial?.path));
  const models = new Map<string, string>();
  for (const { path, devices } of hosts) {
    for (const [index, device] of devices.outlets.entries()) {
      if (device.driver !== 'serial-switch') continue;
      const model = JSON.stringify(device.model);
      const first = models.get(device.path) ?? model;
      models.set(device.path, first);
      const isLine = lines.has(device.path);
      if (!isLine && first === model) continue;
      tell(
        toml,
        [...path, 'outlets', index, 'path'],
        isLine ? 'a host beats on this line' : 'another outlet says that this is another switch',
        'Give each switch, and each host, a port of its own.',
      );
    }
  }
}

/** Tells what makes `silence = "prove"` impossible, and warns of what hosts share. */
export function checkSilence(toml: TomlFile, hosts: ReadHost[], heard: Audience): void {
  for (const { path, settings } of hosts) {
    if (!settings.mqtt && settings.serial === undefined) continue;
    const { single, echo, others, modem: cable, senses } = waysOfProof(settings, heard);
    const near = echo || others;
    const at = [...path, 'silence'];
    if (settings.silence === 'prove' && !near && !cable && !senses) {
      const why = single ? 'it has one channel' : 'nothing shows that the board itself hears';
      tell(
        toml,
        at,
        `silence could never be proven: ${why}, or that the host's line works`,
        WAYS_OUT,
      );
    } else if (settings.silence === 'prove' && !near && !cable) {
      warn(
        toml,
        at,
        'only a loss of power will be found: a host that hangs with power on looks ' +
          'like a broken channel and is not fenced',
        WAYS_OUT,
      );
    } else if (single) {
      warn(
        toml,
        path,
        'the host has one channel: a fault of it looks like the death of the host',
        'Add the other of serial and mqtt.',
      );
    }
  }
}

/** Warns of what several hosts share, because they fall silent together when it breaks. */
export function warnOfSharedFate(toml: TomlFile, hosts: ReadHost[]): void {
  const sharing = new Map<string, ReadHost[]>();
  const nameless: ReadHost[] = [];
  for (const host of hosts) {
    const { serial } = host.settings;
    if (serial !== undefined && serial.adapter === undefined) nameless.push(host);
    if (serial?.adapter !== undefined) {
      sharing.set(serial.adapter, [...(sharing.get(serial.adapter) ?? []), host]);
    }
  }
  for (const [adapter, sharers] of sharing) {
    const [first] = sharers;
    if (first === undefined || sharers.length < 2 || sharers.some(hasMqtt)) continue;
    warn(
      toml,
      [...first.path, 'serial', 'adapter'],
      `${namesOf(sharers)} have no channel beside adapter "${adapter}": its failure silences all`,
      'Add MQTT, or spread them over adapters.',
    );
  }
  const [first] = nameless;
  if (first !== undefined && nameless.length > 1) {
    warn(
      toml,
      [...first.path, 'serial'],
      `${namesOf(nameless)} name no serial adapter and may all share one`,
      'Write adapter = "NAME" in each serial table: the same name where they share an adapter.',
    );
  }
}

/**
 * Warns where a host has to wait for the next beat of a slower one that shares a path with it, so
 * that its deadtime alone does not say when it is found dead (core/shared-silence.ts).
 */
export function warnOfSlowCompany(toml: TomlFile, hosts: ReadHost[]): void {
  const slowest = new Map<string, ReadHost[]>();
  for (const host of hosts) {
    for (const path of sharedPaths(host.settings)) {
      // Two of each, because nobody is his own company.
      const known = [...(slowest.get(path) ?? []), host];
      slowest.set(path, known.toSorted(bySlowness).slice(0, 2));
    }
  }
  for (const { path, settings } of hosts) {
    const { deadtimeMs } = settings.timing;
    const [other] = sharedPaths(settings)
      .flatMap((shared) => slowest.get(shared) ?? [])
      .filter((one) => one.settings !== settings)
      .toSorted(bySlowness);
    const waitMs = other === undefined ? 0 : companyMs(settings, other.settings);
    if (other === undefined || waitMs <= deadtimeMs) continue;
    warn(
      toml,
      [...path, 'deadtime'],
      `it is found dead up to ${seconds(waitMs)} after its last beat, later than its ` +
        `deadtime of ${seconds(deadtimeMs)}: ${other.name}, which shares a path, beats seldom`,
      'Shorten the keepalive of the other, or lengthen this deadtime.',
    );
  }
}

/** Names for everything whose failure silences this host together with others. */
function sharedPaths({ mqtt, serial, fate }: HostSettings): string[] {
  return [
    ...(mqtt ? ['mqtt'] : []),
    ...(serial === undefined ? [] : [`serial ${serial.adapter ?? ''}`]),
    ...fate.map((name) => `fate ${name}`),
  ];
}

function bySlowness(a: ReadHost, b: ReadHost): number {
  return missedMs(b.settings) - missedMs(a.settings);
}

function uniqueness(toml: TomlFile): (what: string, path: KeyPath, remedy: string) => void {
  const taken = new Map<string, KeyPath>();
  return (what, path, remedy) => {
    const first = taken.get(what);
    if (first === undefined) taken.set(what, path);
    else tell(toml, path, `${what} is already used in line ${toml.lineOf(first)}`, remedy);
  };
}

function hasMqtt(host: ReadHost): boolean {
  return host.settings.mqtt;
}

function namesOf(hosts: ReadHost[]): string {
  return hosts.map((host) => host.settings.name).join(', ');
}
