/**
 * The kernel's GPIO character device, version 2 of its interface, as this project speaks it.
 *
 * Its structs are fixed for ever, so a Buffer and a table of offsets are enough; a test compiles
 * <linux/gpio.h> and holds the table to it. Levels are physical here: what a level means is said by
 * the configuration, and no flag of the kernel turns it round on the way.
 *
 * Two traps. A line that is requested as an output takes a level at once, so lines are requested
 * without a direction, read, and only then made outputs of the level that they have. And one request has
 * ten attributes for all of its lines, so lines of equal settings share one.
 */
import { getSystemErrorName } from 'node:util';
import { failure, ok, type Result } from '../../../protocol/result.ts';

/** What the driver needs of the operating system; a test puts a chip of its own here. */
export interface Kernel {
  /** Paths of all GPIO chips. */
  chips(): string[];
  /** Throws as `openSync` does. */
  open(path: string): number;
  close(fd: number): void;
  /** The kernel's answer, or minus errno. */
  ioctl(fd: number, request: number, argument: Buffer): number;
}

/** How one line is set up; in the order of the request. */
export interface LineSetup {
  direction: 'input' | 'output';
  bias: 'as-is' | 'pull-up' | 'pull-down' | 'disabled';
  debounceMs: number;
}

export interface ChipInfo {
  name: string;
  label: string;
  lineCount: number;
}

export interface LineInfo {
  name: string;
  /** Who holds it, where `isUsed`; the kernel's own users may have no name. */
  consumer: string;
  isUsed: boolean;
  isOutput: boolean;
}

/** Request numbers; the same on every processor that we ship for. */
export const REQUESTS = {
  GPIO_GET_CHIPINFO_IOCTL: 0x8044b401,
  GPIO_V2_GET_LINEINFO_IOCTL: 0xc100b405,
  GPIO_V2_GET_LINE_IOCTL: 0xc250b407,
  GPIO_V2_LINE_SET_CONFIG_IOCTL: 0xc110b40d,
  GPIO_V2_LINE_GET_VALUES_IOCTL: 0xc010b40e,
  GPIO_V2_LINE_SET_VALUES_IOCTL: 0xc010b40f,
} as const;

/** Where each field lies that we touch, in bytes. */
export const LAYOUT = {
  gpiochip_info: { size: 68, name: 0, label: 32, lines: 64 },
  gpio_v2_line_info: { size: 256, name: 0, consumer: 32, offset: 64, flags: 72 },
  gpio_v2_line_request: {
    size: 592,
    offsets: 0,
    consumer: 256,
    config: 288,
    num_lines: 560,
    fd: 588,
  },
  gpio_v2_line_config: { size: 272, flags: 0, num_attrs: 8, attrs: 32 },
  gpio_v2_line_config_attribute: { size: 24, attr: 0, mask: 16 },
  gpio_v2_line_attribute: { size: 16, id: 0, flags: 8 },
  gpio_v2_line_values: { size: 16, bits: 0, mask: 8 },
} as const;

/** Numbers of the header that are no layout. */
export const CONSTANTS = {
  GPIO_MAX_NAME_SIZE: 32,
  GPIO_V2_LINES_MAX: 64,
  GPIO_V2_LINE_NUM_ATTRS_MAX: 10,
  GPIO_V2_LINE_FLAG_USED: 1,
  GPIO_V2_LINE_FLAG_INPUT: 4,
  GPIO_V2_LINE_FLAG_OUTPUT: 8,
  GPIO_V2_LINE_FLAG_BIAS_PULL_UP: 0x100,
  GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN: 0x200,
  GPIO_V2_LINE_FLAG_BIAS_DISABLED: 0x400,
  GPIO_V2_LINE_ATTR_ID_FLAGS: 1,
  GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES: 2,
  GPIO_V2_LINE_ATTR_ID_DEBOUNCE: 3,
} as const;

const BIAS_FLAGS = {
  'as-is': 0,
  'pull-up': CONSTANTS.GPIO_V2_LINE_FLAG_BIAS_PULL_UP,
  'pull-down': CONSTANTS.GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN,
  disabled: CONSTANTS.GPIO_V2_LINE_FLAG_BIAS_DISABLED,
} as const;

/** Asks an opened chip who it is. */
export function chipInfo(kernel: Kernel, chip: number): Result<ChipInfo> {
  const at = LAYOUT.gpiochip_info;
  const bytes = Buffer.alloc(at.size);
  const asked = call(kernel, chip, 'GPIO_GET_CHIPINFO_IOCTL', bytes);
  if (!asked.ok) return asked;
  const lineCount = bytes.readUInt32LE(at.lines);
  return ok({ name: textAt(bytes, at.name), label: textAt(bytes, at.label), lineCount });
}

/** Asks about one line without touching it. */
export function lineInfo(kernel: Kernel, chip: number, offset: number): Result<LineInfo> {
  const at = LAYOUT.gpio_v2_line_info;
  const bytes = Buffer.alloc(at.size);
  bytes.writeUInt32LE(offset, at.offset);
  const asked = call(kernel, chip, 'GPIO_V2_GET_LINEINFO_IOCTL', bytes);
  if (!asked.ok) return asked;
  // All that we ask for lie in the lower half.
  const flags = bytes.readUInt32LE(at.flags);
  return ok({
    name: textAt(bytes, at.name),
    consumer: textAt(bytes, at.consumer),
    isUsed: (flags & CONSTANTS.GPIO_V2_LINE_FLAG_USED) !== 0,
    isOutput: (flags & CONSTANTS.GPIO_V2_LINE_FLAG_OUTPUT) !== 0,
  });
}

/**
 * Takes lines as they are, whatever direction they have; answers the file descriptor that holds them.
 * Until `setUp` nothing at them changes.
 */
export function requestLines(
  kernel: Kernel,
  chip: number,
  offsets: readonly number[],
  consumer: string,
): Result<number> {
  if (offsets.length > CONSTANTS.GPIO_V2_LINES_MAX) {
    return failure('too-many', `a host has at most ${CONSTANTS.GPIO_V2_LINES_MAX} lines of a chip`);
  }
  const at = LAYOUT.gpio_v2_line_request;
  const bytes = Buffer.alloc(at.size);
  for (const [i, offset] of offsets.entries()) bytes.writeUInt32LE(offset, at.offsets + 4 * i);
  bytes.write(consumerLabel(consumer), at.consumer, 'latin1');
  bytes.writeUInt32LE(offsets.length, at.num_lines);
  const asked = call(kernel, chip, 'GPIO_V2_GET_LINE_IOCTL', bytes);
  return asked.ok ? ok(bytes.readInt32LE(at.fd)) : asked;
}

/** The name under which lines are held: what of it fits, with the zero that ends it. */
export function consumerLabel(name: string): string {
  return name.slice(0, CONSTANTS.GPIO_MAX_NAME_SIZE - 1);
}

/** The physical levels of all held lines; line i is bit i. */
export function getValues(kernel: Kernel, held: number, mask: bigint): Result<bigint> {
  const at = LAYOUT.gpio_v2_line_values;
  const bytes = valuesOf(0n, mask);
  const asked = call(kernel, held, 'GPIO_V2_LINE_GET_VALUES_IOCTL', bytes);
  return asked.ok ? ok(bytes.readBigUInt64LE(at.bits)) : asked;
}

/** Drives the lines in `mask` to their bits. */
export function setValues(
  kernel: Kernel,
  held: number,
  bits: bigint,
  mask: bigint,
): Result<unknown> {
  return call(kernel, held, 'GPIO_V2_LINE_SET_VALUES_IOCTL', valuesOf(bits, mask));
}

/** Gives held lines their direction; outputs take their bit of `levels` in the same moment. */
export function setUp(
  kernel: Kernel,
  held: number,
  lines: readonly LineSetup[],
  levels: bigint,
): Result<unknown> {
  const config = configOf(lines, levels);
  return config.ok ? call(kernel, held, 'GPIO_V2_LINE_SET_CONFIG_IOCTL', config.value) : config;
}

function configOf(lines: readonly LineSetup[], levels: bigint): Result<Buffer> {
  const at = LAYOUT.gpio_v2_line_config;
  const one = LAYOUT.gpio_v2_line_config_attribute;
  const { id: idAt, flags: valueAt } = LAYOUT.gpio_v2_line_attribute;
  const bytes = Buffer.alloc(at.size);
  const attributes = attributesOf(lines, levels);
  if (attributes.length > CONSTANTS.GPIO_V2_LINE_NUM_ATTRS_MAX) {
    return failure(
      'too-many',
      'the lines differ in more ways than the kernel takes; give them equal bias and debounce',
    );
  }
  bytes.writeUInt32LE(attributes.length, at.num_attrs);
  for (const [i, { id, value, mask }] of attributes.entries()) {
    const start = at.attrs + i * one.size + one.attr;
    bytes.writeUInt32LE(id, start + idAt);
    bytes.writeBigUInt64LE(value, start + valueAt);
    bytes.writeBigUInt64LE(mask, at.attrs + i * one.size + one.mask);
  }
  return ok(bytes);
}

interface Attribute {
  id: number;
  value: bigint;
  mask: bigint;
}

/** One for each kind of line, one for the levels of all outputs, one for each debounce. */
function attributesOf(lines: readonly LineSetup[], levels: bigint): Attribute[] {
  const { GPIO_V2_LINE_FLAG_INPUT: input, GPIO_V2_LINE_FLAG_OUTPUT: output } = CONSTANTS;
  const flags = masksBy(lines, ({ direction, bias }) =>
    BigInt((direction === 'input' ? input : output) | BIAS_FLAGS[bias]),
  );
  const debounces = masksBy(lines, ({ debounceMs }) => BigInt(Math.round(debounceMs * 1_000)));
  debounces.delete(0n);
  const outputs = masksBy(lines, ({ direction }) => direction).get('output');
  const all = (id: number, masks: Map<bigint, bigint>): Attribute[] =>
    [...masks].map(([value, mask]) => ({ id, value, mask }));
  return [
    ...all(CONSTANTS.GPIO_V2_LINE_ATTR_ID_FLAGS, flags),
    ...(outputs === undefined
      ? []
      : [{ id: CONSTANTS.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, value: levels, mask: outputs }]),
    ...all(CONSTANTS.GPIO_V2_LINE_ATTR_ID_DEBOUNCE, debounces),
  ];
}

function masksBy<K>(lines: readonly LineSetup[], keyOf: (line: LineSetup) => K): Map<K, bigint> {
  const masks = new Map<K, bigint>();
  for (const [i, line] of lines.entries()) {
    const key = keyOf(line);
    masks.set(key, (masks.get(key) ?? 0n) | (1n << BigInt(i)));
  }
  return masks;
}

function valuesOf(bits: bigint, mask: bigint): Buffer {
  const at = LAYOUT.gpio_v2_line_values;
  const bytes = Buffer.alloc(at.size);
  bytes.writeBigUInt64LE(bits, at.bits);
  bytes.writeBigUInt64LE(mask, at.mask);
  return bytes;
}

function textAt(bytes: Buffer, start: number): string {
  const field = bytes.subarray(start, start + CONSTANTS.GPIO_MAX_NAME_SIZE);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? field.length : end);
}

/** `kind` is the error in lower case, such as `ebusy`. */
function call(
  kernel: Kernel,
  fd: number,
  request: keyof typeof REQUESTS,
  bytes: Buffer,
): Result<unknown> {
  const answer = kernel.ioctl(fd, REQUESTS[request], bytes);
  if (answer >= 0) return ok(undefined);
  const error = getSystemErrorName(answer);
  return failure(error.toLowerCase(), `${request.replace(/_IOCTL$/, '')}: ${error}`);
}
