/**
 * Finds a chip by its label and a line by its name.
 *
 * Numbers of chips change with the kernel and with the order in which they were found; labels and
 * names stand for the hardware. Where two answer to one name, nobody guesses which was meant.
 */
import { closeSync, openSync, readdirSync } from 'node:fs';
import { attemptSync } from '../../../protocol/attempt.ts';
import { ioctl } from '../../../protocol/native/ioctl.ts';
import { failure, ok, type Result } from '../../../protocol/result.ts';
import { type ChipInfo, chipInfo, type Kernel, lineInfo } from './uapi.ts';

/** The operating system itself. */
export const linux: Kernel = {
  chips: () => {
    const names = attemptSync(() => readdirSync('/dev'));
    const numbers = (names.ok ? names.value : []).flatMap((name) => {
      const number = /^gpiochip(\d+)$/.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
    return numbers.sort((a, b) => a - b).map((number) => `/dev/gpiochip${number}`);
  },
  open: (path) => openSync(path, 'r+'),
  close: closeSync,
  ioctl,
};

/** A chip that is open; whoever was given it closes it. */
export interface Chip extends ChipInfo {
  fd: number;
  path: string;
}

/** Opens the chip with this label, or at this path. */
export function openChip(kernel: Kernel, wanted: string): Result<Chip> {
  if (wanted.startsWith('/')) return open(kernel, wanted);
  let found: Chip | undefined;
  let twice: string | undefined;
  const labels: string[] = [];
  for (const path of kernel.chips()) {
    const chip = open(kernel, path);
    if (!chip.ok) continue;
    labels.push(`"${chip.value.label}"`);
    const isIt = chip.value.label === wanted;
    if (isIt && found === undefined) found = chip.value;
    else {
      if (isIt) twice = path;
      kernel.close(chip.value.fd);
    }
  }
  if (found === undefined) {
    const seen = labels.length === 0 ? 'there is none' : `there are ${labels.join(', ')}`;
    return failure('no-chip', `no GPIO chip is labelled "${wanted}": ${seen}`);
  }
  if (twice === undefined) return ok(found);
  kernel.close(found.fd);
  return failure(
    'two-chips',
    `${found.path} and ${twice} are both labelled "${wanted}"; write the path of one`,
  );
}

/** The offset of a line of this chip that is given by name or offset. */
export function findLine(kernel: Kernel, chip: Chip, line: string | number): Result<number> {
  if (typeof line === 'number') {
    return line < chip.lineCount
      ? ok(line)
      : failure('no-line', `${chip.label} has lines 0 to ${chip.lineCount - 1}, and no ${line}`);
  }
  const offsets: number[] = [];
  for (let offset = 0; offset < chip.lineCount; offset += 1) {
    const info = lineInfo(kernel, chip.fd, offset);
    if (info.ok && info.value.name === line) offsets.push(offset);
  }
  const [offset, second] = offsets;
  if (offset === undefined) {
    return failure('no-line', `no line of ${chip.label} is called "${line}"; see gpioinfo`);
  }
  return second === undefined
    ? ok(offset)
    : failure('two-lines', `lines ${offsets.join(' and ')} of ${chip.label} are both "${line}"`);
}

/** Who holds these lines, in words; empty where nobody does. */
export function holdersOf(kernel: Kernel, chip: Chip, offsets: readonly number[]): string {
  return offsets
    .flatMap((offset) => {
      const info = lineInfo(kernel, chip.fd, offset);
      if (!info.ok || !info.value.isUsed) return [];
      const { consumer } = info.value;
      return [`line ${offset} is held by ${consumer === '' ? 'the kernel' : `"${consumer}"`}`];
    })
    .join(', ');
}

function open(kernel: Kernel, path: string): Result<Chip> {
  const fd = attemptSync(() => kernel.open(path));
  if (!fd.ok) return fd;
  const info = chipInfo(kernel, fd.value);
  if (info.ok) return ok({ ...info.value, fd: fd.value, path });
  kernel.close(fd.value);
  return failure(info.kind, `${path} is no GPIO chip (${info.detail})`);
}
