/**
 * Debian's mosquitto, which speaks MQTT 5, started and stopped by the test that needs it: own port on the
 * loopback interface, own configuration, nothing of the system's touched.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../until.ts';

const PLACES = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'];

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Stops the process as a machine that hangs: connections stand, nothing moves. */
  stop(): void;
  continue(): void;
  /** Ends the process and starts it again on the same port, with nothing kept. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Whether there is a mosquitto on this machine; `apt-get install mosquitto` brings it. */
export function mosquittoAvailable(): boolean {
  return PLACES.some((place) => existsSync(place));
}

/** Starts a broker that lets anybody in; `lines` are added to its configuration. */
export async function mosquittoBroker(lines: string[] = []): Promise<Mosquitto> {
  const program = PLACES.find((place) => existsSync(place));
  if (program === undefined) {
    throw new Error('there is no mosquitto here; remedy: apt-get install mosquitto');
  }
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-mosquitto-'));
  const port = await freePort();
  const config = join(dir, 'mosquitto.conf');
  const settings = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    // Without it a broker started by root gives up its rights and cannot read the directory.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...lines,
  ];
  writeFileSync(config, `${settings.join('\n')}\n`);
  const start = async () => {
    const child = spawn(program, ['-c', config], { stdio: 'ignore' });
    // A test that fails half-way must not leave a broker behind.
    const killer = (): void => {
      child.kill('SIGKILL');
    };
    process.on('exit', killer);
    const ended = new Promise<void>((resolve) => {
      child.on('exit', () => {
        process.off('exit', killer);
        resolve();
      });
    });
    await until('mosquitto listens', () => canConnect(port));
    return { child, ended, pid: child.pid ?? 0 };
  };
  let running = await start();
  const end = async (): Promise<void> => {
    // A stopped process takes no other signal.
    running.child.kill('SIGKILL');
    await running.ended;
  };
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    get pid() {
      return running.pid;
    },
    stop: () => {
      running.child.kill('SIGSTOP');
    },
    continue: () => {
      running.child.kill('SIGCONT');
    },
    restart: async () => {
      await end();
      running = await start();
    },
    close: async () => {
      await end();
      rmSync(dir, { recursive: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
