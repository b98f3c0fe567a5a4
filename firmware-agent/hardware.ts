/**
 * `fencepost-agent check --hardware`: whether what the file names is there, and free.
 *
 * A file can be in order and name a chip that this board has not, or a line that another program
 * holds; that comes out at the first start, or, where nobody looks at its log, at the first fence.
 * Chips and lines are only asked about: no line is requested, and none changes.
 */
import type { AgentConfig, HostDevices } from './config/config.ts';
import type { GpioLine, OutletDevice, PulseDevice, SenseDevice } from './config/devices/device.ts';
import { isConsumer } from './drivers/gpio/bank.ts';
import { type Chip, findLine, linux, openChip } from './drivers/gpio/chip.ts';
import { RELEASE_WORDS, releaseOf } from './drivers/gpio/release.ts';
import { type Kernel, lineInfo } from './drivers/gpio/uapi.ts';

type Device = OutletDevice | SenseDevice | PulseDevice;

export interface Found {
  host: string;
  device: string;
  ok: boolean;
  text: string;
}

export interface Hardware {
  /** Nothing is missing, and nothing is held by a stranger. */
  ok: boolean;
  lines: string[];
  found: Found[];
}

/** Asks for every device that can be asked without touching it. */
export function lookAtHardware(
  { board, devices }: Pick<AgentConfig, 'board' | 'devices'>,
  kernel: Kernel = linux,
): Hardware {
  const found: Found[] = [];
  const seen = { labels: new Set<string>(), places: new Set<string>() };
  let unasked = 0;
  for (const own of devices) {
    const settings = board.hosts.find(({ host }) => host === own.host);
    for (const { name, device } of named(own, settings)) {
      if (device.driver === 'gpio') {
        const place = { host: own.name, device: name };
        found.push({ ...place, ...lookAtLine(kernel, own.name, device, seen) });
      } else unasked += 1;
    }
  }
  const lines = found.map(
    ({ host, device, ok, text }) => `${ok ? '' : 'BAD '}${host} ${device}: ${text}`,
  );
  for (const label of seen.labels) lines.push(`${label}: ${RELEASE_WORDS[releaseOf(label)]}`);
  if (unasked > 0) lines.push(`${unasked} devices of other drivers were not asked`);
  return { ok: found.every(({ ok }) => ok), lines, found };
}

function lookAtLine(
  kernel: Kernel,
  host: string,
  device: GpioLine,
  seen: { labels: Set<string>; places: Set<string> },
): Pick<Found, 'ok' | 'text'> {
  const opened = openChip(kernel, device.chip);
  if (!opened.ok) return { ok: false, text: opened.detail };
  const chip = opened.value;
  seen.labels.add(chip.label);
  const answer = aboutLine(kernel, chip, host, device, seen.places);
  kernel.close(chip.fd);
  return answer;
}

function aboutLine(
  kernel: Kernel,
  chip: Chip,
  host: string,
  device: GpioLine,
  places: Set<string>,
): Pick<Found, 'ok' | 'text'> {
  const offset = findLine(kernel, chip, device.line);
  if (!offset.ok) return { ok: false, text: offset.detail };
  const info = lineInfo(kernel, chip.fd, offset.value);
  if (!info.ok) return { ok: false, text: info.detail };
  const name = info.value.name === '' ? '' : ` "${info.value.name}"`;
  const place = `line ${offset.value}${name} of ${chip.label} (${chip.path})`;
  const isTwice = places.has(place);
  places.add(place);
  if (isTwice) return { ok: false, text: `${place} is named twice` };
  const { isUsed, consumer } = info.value;
  if (!isUsed) return { ok: true, text: `${place} is free, and would be held for ${host}` };
  if (isConsumer(consumer, host)) {
    return { ok: true, text: `${place} is held by "${consumer}": an agent runs` };
  }
  const holder = consumer === '' ? 'the kernel' : `"${consumer}"`;
  return { ok: false, text: `${place} is held by ${holder}` };
}

function named(
  own: HostDevices,
  settings: AgentConfig['board']['hosts'][number] | undefined,
): { name: string; device: Device }[] {
  return (['outlets', 'senses', 'pulses'] as const).flatMap((kind) =>
    own[kind].map((device, i) => ({ name: settings?.[kind][i]?.name ?? kind, device })),
  );
}
