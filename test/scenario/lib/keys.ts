/** Keys of a rack, changed as people would: by the command, file by file, and told by a signal. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { built } from '../../lib/built.ts';
import type { Rack, Ran } from '../../lib/rack.ts';

/** `host deimos`, as the command line names an owner. */
export type Owner = `${'host' | 'order' | 'admin'} ${string}`;

/** The board's file, and the one at the other end. */
export function filesOf(rack: Rack, owner: Owner): { board: string; other: string } {
  const [, name] = owner.split(' ');
  return { board: join(rack.dir, 'keys'), other: join(rack.dir, `${name}-keys`) };
}

/** Runs `fencepost keys` on a file; `input` comes in by its standard input. */
export function keys(file: string, line: string, input = ''): Promise<Ran> {
  const args = [built('host-shim/cli/main.ts'), 'keys', ...line.split(' '), '--file', file];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'pipe' });
    const ran: Ran = { code: 1, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      ran.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      ran.stderr += text;
    });
    child.on('close', (code) => resolve({ ...ran, code: code ?? 1 }));
    child.stdin.end(input);
  });
}

/** The same; throws where it is not done. */
export async function keysDone(file: string, line: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await keys(file, line, input);
  assert.equal(code, 0, `fencepost keys ${line} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Carries one key from the board's file to the other end's, which takes it from a pipe. */
export async function carryKey(rack: Rack, owner: Owner, kid: number): Promise<void> {
  const { board, other } = filesOf(rack, owner);
  const line = await keysDone(board, `show ${owner} ${kid}`);
  await keysDone(other, 'add --stdin', line);
}

/** Makes the agent read its keys again, in the same life. */
export async function reloadBoard(rack: Rack): Promise<void> {
  // By the lines themselves: their times are those of another clock, a millisecond or two apart.
  const old = new Set(rack.agent.lines());
  rack.agent.signal('SIGHUP');
  await rack.agent.waitFor(
    'the keys are read again',
    (line) => !old.has(line) && line.text.startsWith('the keys are read again'),
    5_000,
  );
}

/** Makes the shim of a host read its keys again; an orderer reads its file at each call. */
export async function reloadOther(rack: Rack, owner: Owner): Promise<void> {
  const [role, name = ''] = owner.split(' ');
  if (role !== 'host') return;
  const { pid } = await rack.bench.truth(name);
  assert.ok(pid !== null, `the shim of ${name} runs`);
  process.kill(pid, 'SIGHUP');
}
