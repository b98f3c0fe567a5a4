/**
 * A stand-in for a fence agent: a shell script that keeps its contact in a file and speaks as the
 * agents of Debian's package do. What it should do instead stands in another file, so that a test can
 * change it while it runs.
 */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StandIn {
  dir: string;
  program: string;
  power(): 'on' | 'off';
  set(power: 'on' | 'off'): void;
  /** Shell that runs before it does anything; empty is well. It knows `$action` and all options. */
  does(shell: string): void;
  /** Takes the program away, or puts it back. */
  isThere(there: boolean): void;
  /** What came in at the last call. */
  input(): string;
  /** How many calls there were. */
  calls(): number;
  close(): void;
}

/** Nearly all of it is the shell itself, because on a busy machine each program that it starts takes time. */
const SCRIPT = `
while read -r line; do
  echo "$line"
  case $line in action=*) action=\${line#action=};; esac
done > input
echo call >> calls
. ./deed
read -r power < power
case $action in
off|on) echo $action > power.new && mv power.new power; echo "Success: Powered $action";;
status) case $power in
  on) echo 'Status: ON'; exit 0;;
  off) echo 'Status: OFF'; exit 2;;
  esac; exit 1;;
*) echo 'ERROR: Unrecognised action' >&2; exit 1;;
esac
`;

/** Makes one, switched on, in a folder of its own. */
export function standInAgent(): StandIn {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-agent-'));
  const program = join(dir, 'fence_stand_in');
  const write = (name: string, text: string): void => {
    writeFileSync(join(dir, `${name}.fresh`), text);
    renameSync(join(dir, `${name}.fresh`), join(dir, name));
  };
  const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
  const install = (): void =>
    writeFileSync(program, `#!/bin/sh\ncd ${dir}\n${SCRIPT}`, { mode: 0o755 });
  write('power', 'on\n');
  write('deed', '');
  write('calls', '');
  write('input', '');
  install();
  return {
    dir,
    program,
    power: () => (read('power') === 'off\n' ? 'off' : 'on'),
    set: (power) => write('power', `${power}\n`),
    does: (shell) => write('deed', `${shell}\n`),
    isThere: (there) => {
      rmSync(program, { force: true });
      if (there) install();
    },
    input: () => read('input'),
    calls: () => read('calls').split('\n').length - 1,
    close: () => rmSync(dir, { recursive: true }),
  };
}
