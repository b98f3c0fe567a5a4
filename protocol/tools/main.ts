/** The command around `show-frame.ts`: reads hex or a file, prints what it is. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readKeysFile } from '../keys-file.ts';
import { problemLine } from '../problem-text.ts';
import type { KeyEntry } from '../wire/keys.ts';
import { describeFrame, describeLine, type FrameReport, printReport } from './show-frame.ts';

const HELP = `Usage: show-frame HEX|FILE [--framed] [--keys FILE] [--json]

Prints one captured frame in words. HEX may hold spaces and colons; FILE holds raw bytes.

  --framed     the bytes are those of a serial line: COBS between zero bytes, with CRC;
               taken for granted where they begin with a zero byte
  --keys FILE  also say whose key made the MAC; no byte of a key is shown
  --json       one JSON object for each frame

Exit codes: 0 every frame is one of ours, 1 one is not, 2 wrong use.
`;

const OPTIONS = {
  keys: { type: 'string' },
  framed: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readKeys(path: string | undefined): KeyEntry[] | undefined {
  if (path === undefined) return undefined;
  const read = readKeysFile(path);
  if (read.ok) return read.keys;
  throw new Error(read.problems.map(problemLine).join('\n'));
}

function readBytes(what: string): Uint8Array {
  const digits = what.replace(/^0x/i, '').replace(/[\s:]/g, '');
  if (digits.length > 0 && digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits)) {
    return Uint8Array.from(Buffer.from(digits, 'hex'));
  }
  if (!existsSync(what)) throw new Error(`"${what}" is neither whole bytes in hex nor a file.`);
  return Uint8Array.from(readFileSync(what));
}

function show(what: string, options: { keys?: string; framed: boolean; json: boolean }): number {
  const keys = readKeys(options.keys);
  const bytes = readBytes(what);
  const known = keys === undefined ? {} : { keys };
  const isLine = options.framed || bytes[0] === 0;
  const { reports, rest } = isLine
    ? describeLine(bytes, known)
    : { reports: [describeFrame(bytes, known)], rest: undefined };
  const print = (report: FrameReport): string =>
    options.json ? JSON.stringify(report) : printReport(report);
  for (const report of reports) say(print(report));
  if (rest !== undefined && !options.json) say(`serial line: ${rest}`);
  return reports.length > 0 && reports.every(({ refused }) => refused === undefined) ? 0 : 1;
}

try {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const what = positionals.join(' ');
  if (values.help || what === '') {
    process.stdout.write(HELP);
    process.exitCode = values.help ? 0 : 2;
  } else {
    const { keys, framed, json } = values;
    process.exitCode = show(what, { framed, json, ...(keys === undefined ? {} : { keys }) });
  }
} catch (thrown) {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  process.stderr.write(`show-frame: ${reason}\n`);
  process.exitCode = 2;
}
