/**
 * A management controller without a server: OpenIPMI's simulator on the loopback interface, asked by
 * Debian's own fence_ipmilan. `apt-get install openipmi fence-agents ipmitool` brings all three.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIMULATOR = '/usr/bin/ipmi_sim';
export const FENCE_IPMILAN = '/usr/sbin/fence_ipmilan';
export const FENCE_DUMMY = '/usr/sbin/fence_dummy';
export const USER = 'fence';
export const PASSWORD = 'test';

/** What is missing on this machine; empty when nothing is. */
export function missingAgents(): string[] {
  return [SIMULATOR, FENCE_IPMILAN, FENCE_DUMMY, '/usr/bin/ipmitool'].filter(
    (path) => !existsSync(path),
  );
}

export interface SimulatedController {
  port: number;
  power(): 'on' | 'off';
  set(power: 'on' | 'off'): void;
  /** Stops the process as a controller that hangs, and lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends the process, or starts it again on the same port. */
  isThere(there: boolean): Promise<void>;
  close(): Promise<void>;
}

const EMULATOR = [
  'mc_setbmc 0x20',
  'mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr',
  'sel_enable 0x20 1000 0x0a',
  'mc_enable 0x20',
  '',
].join('\n');

/** The simulator calls it to read and to set the power of the machine. */
const CHASSIS = `#!/bin/sh
cd "$(dirname "$0")"
shift; op=$1; shift
case $op in
get) for key; do [ "$key" = power ] && echo "power:$(cat power)"; done;;
set) while [ $# -gt 0 ]; do [ "$1" = power ] && echo $2 > power; shift; shift; done;;
esac
`;

const lan = (port: number, dir: string): string => `name "rack"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${dir}/chassis 0x20"
  user 1 true "" "${PASSWORD}" user 10 none md2 md5 straight
  user 2 true "${USER}" "${PASSWORD}" admin 10 none md2 md5 straight
`;

/** Starts one whose machine is on. */
export async function simulateController(): Promise<SimulatedController> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-ipmi-'));
  const port = await freePort();
  const power = join(dir, 'power');
  writeFileSync(power, '1\n');
  writeFileSync(join(dir, 'chassis'), CHASSIS, { mode: 0o755 });
  writeFileSync(join(dir, 'lan.conf'), lan(port, dir));
  writeFileSync(join(dir, 'emulator'), EMULATOR);
  let child: ChildProcess | undefined;
  const start = (): void => {
    const files = [
      '-c',
      join(dir, 'lan.conf'),
      '-f',
      join(dir, 'emulator'),
      '-s',
      join(dir, 'state'),
    ];
    child = spawn(SIMULATOR, [...files, '-n'], { stdio: 'ignore' });
    process.on('exit', kill);
  };
  const kill = (): void => {
    child?.kill('SIGKILL');
  };
  const end = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    process.off('exit', kill);
    if (ending === undefined) return;
    const gone = new Promise((resolve) => ending.on('exit', resolve));
    ending.kill('SIGKILL');
    await gone;
  };
  start();
  return {
    port,
    power: () => (readFileSync(power, 'utf8').trim() === '0' ? 'off' : 'on'),
    set: (to) => writeFileSync(power, to === 'on' ? '1\n' : '0\n'),
    signal: (name) => void child?.kill(name),
    isThere: async (there) => {
      if (!there) await end();
      else if (child === undefined) start();
    },
    close: async () => {
      await end();
      rmSync(dir, { recursive: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
