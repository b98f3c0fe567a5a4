/** Runs `fencepost` in this process, with a terminal of strings and a fake board behind a real socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSocket } from '../../../../firmware-agent/control/socket.ts';
import { connectBoard } from '../../../../host-shim/cli/connect.ts';
import { EXIT, type ExitCode } from '../../../../host-shim/cli/exit-code.ts';
import { runCommand } from '../../../../host-shim/cli/program.ts';
import { type FakeDesk, fakeDesk } from '../../../lib/fake-desk.ts';

/** Where the sockets of this process lie. */
export const folder: string = mkdtempSync(join(tmpdir(), 'fencepost-cli-'));
let count = 0;

export interface Ran {
  code: ExitCode;
  out: string;
  err: string;
  asked: string[];
}

export interface Person {
  interactive?: boolean;
  types?: string;
}

/** Runs one command line for the agent at `path`, whoever serves there. */
export async function runAt(path: string, line: string, person: Person = {}): Promise<Ran> {
  const ran: Ran = { code: EXIT.done, out: '', err: '', asked: [] };
  ran.code = await runCommand(line.split(' ').filter(Boolean), {
    version: '9.9.9',
    connect: (route) => connectBoard({ socket: path, ...route }, 'anna'),
    terminal: {
      out: (text) => {
        ran.out += text;
      },
      err: (text) => {
        ran.err += text;
      },
      interactive: person.interactive === true,
      outIsTerminal: person.interactive === true,
      input: async () => person.types ?? '',
      ask: async (question) => {
        ran.asked.push(question);
        return person.types ?? '';
      },
      onStop: (fn) => fn(),
      size: () => ({ columns: 200, rows: 40 }),
    },
  });
  return ran;
}

/** Runs one command line against a real socket that serves `desk`. */
export async function run(
  line: string,
  desk: FakeDesk = fakeDesk(),
  person: Person = {},
): Promise<Ran> {
  count += 1;
  const path = join(folder, `${count}.sock`);
  const socket = await controlSocket(path, desk, () => {});
  if (!socket.ok) throw new Error(socket.detail);
  const ran = await runAt(path, line, person);
  await socket.value.close();
  return ran;
}

/** Removes the folder; to be called after the last test. */
export function forget(): void {
  rmSync(folder, { recursive: true });
}
