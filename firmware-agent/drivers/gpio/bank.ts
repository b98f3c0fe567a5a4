/**
 * The lines that one host has of one chip, held together.
 *
 * They are taken in one request, so that either all are ours or none, and at the levels that they
 * have: a relay that is energised stays so, and no edge is seen. A chip that is not there, or whose
 * lines another holds, is asked for again until it gives them; meanwhile every line is unknown.
 *
 * A level is taken over from whoever drove it. A line that nobody drives and that reads active all the
 * same floats, or is pulled the wrong way: to drive it so would cut a healthy host, or press its button, so it
 * is not taken at all.
 */
import { backoffMs } from '../../../protocol/link/backoff.ts';
import { after, type Timer } from '../../../protocol/link/timers.ts';
import { failure, ok, type Result } from '../../../protocol/result.ts';
import { type Chip, findLine, holdersOf, openChip } from './chip.ts';
import {
  consumerLabel,
  getValues,
  type Kernel,
  type LineSetup,
  lineInfo,
  requestLines,
  setUp,
  setValues,
} from './uapi.ts';

export interface BankLine extends LineSetup {
  line: string | number;
  isActiveHigh: boolean;
}

/** What a line is there for. */
export type Role = 'relay' | 'button' | 'sense' | 'pulse';

export interface BankSetup {
  host: string;
  /** Those of its lines, each once. */
  roles: Role[];
  chip: string;
  lines: BankLine[];
  kernel: Kernel;
  say: (sentence: string) => void;
  /** Called each time the lines were taken, with the levels at which they were. */
  taken: (isHigh: (line: number) => boolean) => void;
}

export interface Bank {
  /** Asks the chip for the level of a line, by its place in the setup. */
  isHigh(line: number): Result<boolean>;
  /** Drives an output; ok says that the chip took it. */
  drive(line: number, toHigh: boolean): Result<unknown>;
  /** Lets all lines go; what they do then is the chip's affair. */
  close(): void;
}

/** A chip that was plugged in again is found within two seconds. */
const RETRY = { firstMs: 100, capMs: 2_000 };

/** Whether this is the name under which an agent holds lines of a host: `fencepost:web relay+sense`. */
export function isConsumer(name: string, host: string): boolean {
  return name.startsWith(consumerLabel(`fencepost:${host} `));
}

/** Takes the lines at once where that is possible, else as soon as it is. */
export function openBank(setup: BankSetup): Bank {
  const { kernel, host, say } = setup;
  let held: number | undefined;
  let why = 'not taken yet';
  let failures = 0;
  let retry: Timer | undefined;

  const take = (): void => {
    const taken = takeLines(setup);
    if (!taken.ok) {
      failures += 1;
      if (taken.detail !== why) say(`lines of ${host} are not to be had: ${taken.detail}`);
      why = taken.detail;
      retry = after(backoffMs(failures, RETRY, 0), take);
      return;
    }
    if (failures > 0) say(`lines of ${host} on ${setup.chip} are ours now`);
    failures = 0;
    held = taken.value.fd;
    setup.taken((line) => hasBit(taken.value.levels, line));
  };
  /** A chip that went away never answers this request again. */
  const lost = <T>(answer: Result<T>): Result<T> => {
    if (answer.ok || answer.kind !== 'enodev' || held === undefined) return answer;
    kernel.close(held);
    held = undefined;
    why = `${setup.chip} went away`;
    failures = 1;
    say(`lines of ${host} are lost: ${why}`);
    retry = after(RETRY.firstMs, take);
    return answer;
  };
  take();
  return {
    isHigh: (line) => {
      if (held === undefined) return failure('not-held', why);
      const bits = lost(getValues(kernel, held, bit(line)));
      return bits.ok ? ok(hasBit(bits.value, line)) : bits;
    },
    drive: (line, toHigh) => {
      if (held === undefined) return failure('not-held', why);
      return lost(setValues(kernel, held, toHigh ? bit(line) : 0n, bit(line)));
    },
    close: () => {
      retry?.cancel();
      if (held !== undefined) kernel.close(held);
      held = undefined;
      why = 'the agent ends';
    },
  };
}

function takeLines(setup: BankSetup): Result<{ fd: number; levels: bigint }> {
  const { kernel, host, roles, lines } = setup;
  const chip = openChip(kernel, setup.chip);
  if (!chip.ok) return chip;
  const taken = ((): Result<{ fd: number; levels: bigint }> => {
    const offsets: number[] = [];
    for (const { line } of lines) {
      const offset = findLine(kernel, chip.value, line);
      if (!offset.ok) return offset;
      if (offsets.includes(offset.value)) {
        return failure('twice', `"${line}" is line ${offset.value}, which ${host} has already`);
      }
      offsets.push(offset.value);
    }
    const undriven = lines.map(
      ({ direction }, i) =>
        direction === 'output' && !isDriven(kernel, chip.value, offsets[i] ?? 0),
    );
    const consumer = consumerLabel(`fencepost:${host} ${roles.join('+')}`);
    const fd = requestLines(kernel, chip.value.fd, offsets, consumer);
    if (!fd.ok) {
      const holders = fd.kind === 'ebusy' ? holdersOf(kernel, chip.value, offsets) : '';
      return holders === '' ? fd : failure('ebusy', `${chip.value.label}: ${holders}`);
    }
    return settle(setup, fd.value, undriven);
  })();
  kernel.close(chip.value.fd);
  return taken;
}

/** A line of which the kernel says nothing counts as one that nobody drives. */
function isDriven(kernel: Kernel, chip: Chip, offset: number): boolean {
  const info = lineInfo(kernel, chip.fd, offset);
  return info.ok && info.value.isOutput;
}

/** Reads what the lines are, and makes them so. */
function settle(
  { kernel, lines }: BankSetup,
  fd: number,
  undriven: readonly boolean[],
): Result<{ fd: number; levels: bigint }> {
  const levels = getValues(kernel, fd, (1n << BigInt(lines.length)) - 1n);
  const adrift = lines.find(
    ({ isActiveHigh }, i) =>
      levels.ok && undriven[i] === true && hasBit(levels.value, i) === isActiveHigh,
  );
  if (adrift !== undefined) {
    kernel.close(fd);
    return failure(
      'adrift',
      `nobody drives line "${adrift.line}", and it reads active: pull it to its other level`,
    );
  }
  const set = levels.ok ? setUp(kernel, fd, lines, levels.value) : levels;
  if (levels.ok && set.ok) return ok({ fd, levels: levels.value });
  kernel.close(fd);
  return set as Result<never>;
}

function bit(line: number): bigint {
  return 1n << BigInt(line);
}

function hasBit(bits: bigint, line: number): boolean {
  return (bits & bit(line)) !== 0n;
}
