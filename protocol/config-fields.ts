/**
 * The kinds of value that every configuration file of the project is made of.
 *
 * Each is a schema with its own sentence and remedy. Durations become milliseconds here and
 * nowhere else; what Node cannot hold as a delay never gets past this file.
 */
import * as v from 'valibot';
import { says } from './toml-check.ts';

/** Node turns a delay of 2^31 ms or more into 1 ms. */
const DURATION_END_MS = 2 ** 31;
const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DURATION = /^([0-9]{1,10}(?:\.[0-9]{1,3})?)(ms|s|m|h)$/;
const DURATION_REMEDY = 'Write a number with its unit in quotes, for example "15s" or "250ms".';
/** What the kernel accepts as a path. */
const PATH_CHARS_MAX = 4_095;
/** What the kernel accepts as the path of a socket. */
const SOCKET_PATH_CHARS_MAX = 107;
const TEXT_CHARS_MAX = 255;
const NUMBER_REMEDY = 'Write a whole number from 1 to 65535.';
const NAME_REMEDY = 'Write 1 to 63 letters, digits, "_", "." or "-".';

export const nameSchema: v.GenericSchema<string> = v.pipe(
  v.string(says('a name must be text', NAME_REMEDY)),
  v.regex(/^[A-Za-z0-9_.-]{1,63}$/, says('this cannot be a name', NAME_REMEDY)),
);

/** The number of an agent, a host or an orderer on the wire; 0 stands for "none" there. */
export const numberSchema: v.GenericSchema<number> = v.pipe(
  v.number(says('this must be a number', NUMBER_REMEDY)),
  v.check((id) => Number.isInteger(id), says('this must be a whole number', NUMBER_REMEDY)),
  v.check((id) => id > 0 && id < 65_536, says('the number is out of range', NUMBER_REMEDY)),
);

/** A whole number from `least` to `most`; `what` begins the sentence. */
export function wholeSchema(what: string, least: number, most: number): v.GenericSchema<number> {
  const remedy = `Write a whole number from ${least} to ${most}.`;
  return v.pipe(
    v.number(says(`${what} must be a number`, remedy)),
    v.check((n) => Number.isInteger(n), says(`${what} must be a whole number`, remedy)),
    v.check((n) => n >= least && n <= most, says(`${what} is out of range`, remedy)),
  );
}

/** `"15s"` in milliseconds: more than 0 and less than 2^31. */
export const durationSchema: v.GenericSchema<string, number> = v.pipe(
  v.string(says('a duration must be text', DURATION_REMEDY)),
  v.regex(DURATION, says('this is not a duration', DURATION_REMEDY)),
  v.transform(durationMs),
  v.check((ms) => ms > 0, says('a duration of zero makes no sense here', DURATION_REMEDY)),
  v.check(
    (ms) => ms < DURATION_END_MS,
    says('the duration is too long', 'Write less than 2^31 ms, which is about "596h".'),
  ),
);

/** An absolute path: a service has no folder of its own to start from. */
export const pathSchema: v.GenericSchema<string> = pathOf(PATH_CHARS_MAX);
export const socketPathSchema: v.GenericSchema<string> = pathOf(SOCKET_PATH_CHARS_MAX);

export const textSchema: v.GenericSchema<string> = v.pipe(
  v.string(says('this must be text', 'Write it in quotes.')),
  v.check(
    (text) => text.length > 0 && text.length <= TEXT_CHARS_MAX && isPrintable(text),
    says(
      'the text is empty, too long or holds control characters',
      `Write 1 to ${TEXT_CHARS_MAX} printable characters.`,
    ),
  ),
);

export const flagSchema: v.GenericSchema<boolean> = v.boolean(
  says('this must be true or false', 'Write true or false, without quotes.'),
);

/** Exactly one of some words. */
export function wordSchema<const W extends readonly string[]>(
  words: W,
): v.GenericSchema<W[number]> {
  const listed = words.map((word) => `"${word}"`).join(', ');
  return v.picklist(words, says('this is none of the words known here', `Write one of ${listed}.`));
}

/** A table of named tables; the names are checked by whoever reads it. */
export const tablesSchema: v.GenericSchema<Record<string, unknown>> = v.custom(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  says('this must be a table of named tables', 'Write a header such as [hosts.NAME].'),
);

/** Where the rates of real ports end; below 9,600 one beat takes longer than the delay allowed. */
const BAUD_RATES = [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600] as const;
export const baudSchema: v.GenericSchema<number> = v.picklist(
  BAUD_RATES,
  says('this is no baud rate that is supported', `Write one of ${BAUD_RATES.join(', ')}.`),
);

/** A command as a list: the program by its absolute path, then its arguments; no shell reads it. */
export const commandSchema: v.GenericSchema<string[]> = v.pipe(
  v.array(
    v.pipe(
      v.string(says('an argument must be text', 'Write it in quotes.')),
      v.check(
        (text) => text.length <= PATH_CHARS_MAX && !text.includes('\0'),
        says('the argument is too long or holds a zero byte', 'Shorten it.'),
      ),
    ),
    says('a command is a list', 'Write ["/path/to/program", "argument"].'),
  ),
  v.check(
    (parts) => parts.length > 0 && parts.length <= 64 && (parts[0] ?? '').startsWith('/'),
    says(
      'a command starts with the absolute path of its program and has at most 63 arguments',
      'Write ["/path/to/program", "argument"].',
    ),
  ),
);

function pathOf(charsMax: number): v.GenericSchema<string> {
  const remedy = `Write an absolute path of at most ${charsMax} characters.`;
  return v.pipe(
    v.string(says('a path must be text', remedy)),
    v.check((path) => path.startsWith('/'), says('the path is not absolute', remedy)),
    v.check(
      (path) => Buffer.byteLength(path) <= charsMax && isPrintable(path),
      says('the path is too long or holds control characters', remedy),
    ),
  );
}

/** Called after the pattern has matched. */
function durationMs(text: string): number {
  const [, digits = '', unit = ''] = DURATION.exec(text) ?? [];
  return Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
}

function isPrintable(text: string): boolean {
  for (const char of text) if (char < ' ' || char === '\u007f') return false;
  return true;
}
