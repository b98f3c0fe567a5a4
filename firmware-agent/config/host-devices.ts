/**
 * Whether the devices of one host can keep what is promised of it: `fenced` means off.
 *
 * A host that is to be proven off needs something that shows it, and something that is asked often
 * enough; where that is missing, every fence would end as `failed` on the day it matters.
 */

import { type KeyPath, type TomlFile, tell, warn } from '../../protocol/toml.ts';
import { didYouMean } from '../../protocol/toml-check.ts';
import type { HostSettings, OutletSettings } from '../core/settings.ts';
import type { OutletTable, SenseTable } from './devices/device.ts';
import { seconds } from './timing.ts';

/** Tells everything about the devices of a host that makes a proof impossible. */
export function checkDevices(
  toml: TomlFile,
  path: KeyPath,
  settings: HostSettings,
  senses: SenseTable[],
): void {
  checkNames(toml, path, settings);
  checkCovers(toml, path, senses, settings.outlets);
  checkPeriods(toml, path, settings);
  checkProof(toml, path, settings);
}

/** A feed that fails takes the controller along, and then nothing could be read that is off. */
export function checkSharedPower(toml: TomlFile, path: KeyPath, outlets: OutletTable[]): void {
  const sharers = outlets.flatMap(({ sharesPower, level }, index) =>
    sharesPower ? [{ level, index }] : [],
  );
  const [first] = sharers;
  if (first === undefined) return;
  if (outlets.some((outlet) => sharers.every(({ level }) => level !== outlet.level))) return;
  tell(
    toml,
    [...path, 'outlets', first.index, 'shares_power'],
    'it loses its power with the host, which could then never be proven off',
    'Add another method: a switch of the feed with level = 2.',
  );
}

/** The outlets that no sense covers. */
export function uncovered(host: HostSettings): OutletSettings[] {
  if (host.senses.some((sense) => sense.covers === 'host')) return [];
  const covered = new Set<number | string>(host.senses.flatMap(({ covers }) => [covers].flat()));
  return host.outlets.filter((_, index) => !covered.has(index));
}

function checkNames(toml: TomlFile, path: KeyPath, settings: HostSettings): void {
  for (const kind of ['outlets', 'senses', 'pulses'] as const) {
    const seen = new Set<string>();
    for (const [index, { name }] of settings[kind].entries()) {
      if (seen.has(name)) {
        tell(
          toml,
          [...path, kind, index, 'name'],
          `the name "${name}" is used twice`,
          'Give each its own name.',
        );
      }
      seen.add(name);
    }
  }
}

/** A sense that names an outlet which is not there shows nothing. */
function checkCovers(
  toml: TomlFile,
  path: KeyPath,
  senses: SenseTable[],
  outlets: OutletSettings[],
): void {
  const names = outlets.map((outlet) => outlet.name);
  const known = names.map((name) => `"${name}"`).join(', ');
  for (const [index, { covers }] of senses.entries()) {
    for (const [position, name] of covers === 'host' ? [] : covers.entries()) {
      if (names.includes(name)) continue;
      tell(
        toml,
        [...path, 'senses', index, 'covers', position],
        `the host has no outlet "${name}"`,
        `Write one of ${known}.${didYouMean(name, names)}`,
      );
    }
  }
}

/** A device that is asked too rarely never gives a sample that is young enough for the hold. */
function checkPeriods(toml: TomlFile, path: KeyPath, settings: HostSettings): void {
  const mostMs = settings.timing.offHoldMs / 6;
  for (const kind of ['outlets', 'senses'] as const) {
    for (const [index, device] of settings[kind].entries()) {
      if (device.periodMs <= mostMs) continue;
      tell(
        toml,
        [...path, kind, index, 'period'],
        `${device.name} is read every ${seconds(device.periodMs)}, too rarely for the off-hold`,
        `Write at most a sixth of off_hold, "${Math.floor(mostMs)}ms", or lengthen off_hold.`,
      );
    }
  }
}

/** What must be there before `fenced` can ever be said of the host. */
function checkProof(toml: TomlFile, path: KeyPath, settings: HostSettings): void {
  const bare = uncovered(settings);
  if (settings.proof === 'verified' && bare.length > 0) {
    tell(
      toml,
      path,
      `proof is "verified", and no sense covers ${namesOf(bare)}`,
      'Add [[hosts.NAME.senses]] that cover every outlet (or covers = "host"), or write ' +
        'proof = "by-hold", which trusts the relays.',
    );
  }
  if (settings.proof !== 'by-hold' || bare.length === 0) return;
  const blind = bare.filter((outlet) => !outlet.readable);
  if (blind.length > 0) {
    tell(
      toml,
      path,
      `nothing can show that ${namesOf(blind)} is off: it cannot be read back`,
      'Add a sense that covers it.',
    );
  } else {
    warn(
      toml,
      [...path, 'proof'],
      `only the relay itself says that ${namesOf(bare)} is off: one that lies is believed`,
      'Add [[hosts.NAME.senses]] that cover it, and remove proof = "by-hold".',
    );
  }
}

/** A power button is blind without a sense of its own board, and needs an off-hold as long as its press. */
export function checkButtons(
  toml: TomlFile,
  path: KeyPath,
  { senses: named, timing }: HostSettings,
  { outlets, senses }: { outlets: OutletTable[]; senses: SenseTable[] },
): void {
  for (const [index, { device }] of outlets.entries()) {
    if (device.driver !== 'gpio' || !('shownBy' in device)) continue;
    const at = [...path, 'outlets', index];
    const { shownBy, softMs, holdMs } = device;
    const shows = senses.some(
      (sense, i) => sense.device.driver === 'gpio' && named[i]?.name === shownBy,
    );
    if (!shows) {
      tell(
        toml,
        [...at, 'shown_by'],
        `the host has no sense "${shownBy}" with driver = "gpio"`,
        'Add the line of its power LED, or of a rail, to [[hosts.NAME.senses]], and name it here.',
      );
    }
    const longestMs = softMs + holdMs;
    if (timing.offHoldMs < longestMs) {
      tell(
        toml,
        [...at, softMs === 0 ? 'hold' : 'soft'],
        `it may take ${seconds(longestMs)}, and off_hold is ${seconds(timing.offHoldMs)}`,
        `Write off_hold = "${longestMs}ms" or more: power may go as late as that, and must stay away for it.`,
      );
    }
  }
}

/** What the supply was measured to bridge has to be over well before `fenced` is said. */
export function checkHoldUp(
  toml: TomlFile,
  path: KeyPath,
  { offHoldMs, drainMs }: HostSettings['timing'],
  holdUpMs: number,
): void {
  const at = [...path, 'hold_up'];
  const bridges = `its supply bridges ${seconds(holdUpMs)}`;
  if (offHoldMs < 2 * holdUpMs) {
    tell(
      toml,
      at,
      `${bridges}, and off_hold is ${seconds(offHoldMs)}, less than twice that`,
      `Write off_hold = "${2 * holdUpMs}ms" or more.`,
    );
  }
  if (drainMs < holdUpMs) {
    tell(
      toml,
      at,
      `${bridges}, and drain is ${seconds(drainMs)}: its last beats would fail the fence`,
      `Write drain = "${holdUpMs}ms" or more.`,
    );
  }
}

function namesOf(outlets: OutletSettings[]): string {
  return outlets.map((outlet) => `"${outlet.name}"`).join(', ');
}
