/**
 * Warns of what channels and hosts share beyond adapters and broker (`board.ts`): it falls silent
 * as a whole, and then nobody behind it is found dead.
 */
import { type TomlFile, warn } from '../../protocol/toml.ts';
import type { ReadHost } from './hosts.ts';
import { type Audience, waysOfProof } from './ways-of-proof.ts';

/** `adapter` is what the board's way to the broker hangs on, where the file names it. */
export function warnOfFates(
  toml: TomlFile,
  hosts: readonly ReadHost[],
  heard: Audience,
  adapter: string | undefined,
): void {
  const feeds = new Map<string, ReadHost[]>();
  for (const host of hosts) {
    const { settings, path } = host;
    for (const feed of settings.fate) feeds.set(feed, [...(feeds.get(feed) ?? []), host]);
    if (!settings.mqtt || adapter === undefined || settings.serial?.adapter !== adapter) continue;
    warn(
      toml,
      [...path, 'serial', 'adapter'],
      `both channels hang on "${adapter}": its failure silences the host wholly`,
      'Move the serial line, or the way to the broker, to another adapter.',
    );
  }
  for (const [feed, sharers] of feeds) {
    const blind = sharers.filter(({ settings }) => !waysOfProof(settings, heard).senses);
    const [first] = blind;
    if (first === undefined || sharers.length < 2) continue;
    warn(
      toml,
      [...first.path, 'fate'],
      `if "${feed}" fails, ${namesOf(sharers)} are held together, and ${namesOf(blind)} cannot ` +
        'show that power is gone: an order has to fence there',
      'Add senses that cover every outlet and have shows_break = true, or feed them apart.',
    );
  }
}

function namesOf(hosts: readonly ReadHost[]): string {
  return hosts.map(({ name }) => name).join(', ');
}
