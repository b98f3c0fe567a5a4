/**
 * The two doors into a running emulator: QMP orders the machine about, qtest reads and writes what lies
 * on its bus, as a probe on a real board would, while the guest runs on and sees nothing of it.
 */
import { connect, type Socket } from 'node:net';
import { until } from '../../lib/until.ts';

/** An emulator makes its sockets while it starts. */
const SOCKET_MS_MAX = 15_000;

export interface Qmp {
  command(execute: string, args?: Record<string, unknown>): Promise<unknown>;
}

export interface Qtest {
  ask(line: string): Promise<string>;
  read(address: number): Promise<number>;
  write(address: number, value: number): Promise<unknown>;
  /** An intercepted output of a device changed. */
  onEdge(listen: (line: number, isHigh: boolean) => void): void;
}

/** Connects to a unix socket as soon as somebody listens. */
export function socketAt(path: string): Promise<Socket> {
  const attempt = (): Promise<Socket | false> =>
    new Promise((resolve) => {
      const socket = connect(path);
      socket.once('connect', () => resolve(socket));
      socket.once('error', () => resolve(false));
    });
  return until(`a socket at ${path}`, attempt, SOCKET_MS_MAX);
}

/** Calls `take` with each whole line of a stream. */
export function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line.replace(/\r$/, ''));
  });
}

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** Answers come in the order of the questions. */
function questions(socket: Socket): {
  ask<T>(line: string): Promise<T>;
  next(): Waiting | undefined;
} {
  const waiting: Waiting[] = [];
  // An emulator that is killed takes its questions with it.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the emulator is gone'));
  });
  return {
    ask: (line) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the emulator is gone'));
        waiting.push({ resolve: resolve as Waiting['resolve'], reject });
        socket.write(`${line}\n`);
      }),
    next: () => waiting.shift(),
  };
}

export async function openQmp(path: string): Promise<Qmp> {
  const socket = await socketAt(path);
  const { ask, next } = questions(socket);
  eachLine(socket, (line) => {
    const message = JSON.parse(line) as Record<string, unknown>;
    // Its greeting, and events, are no answers.
    if (message['QMP'] !== undefined || message['event'] !== undefined) return;
    if (message['error'] === undefined) next()?.resolve(message['return'] as never);
    else next()?.reject(new Error(JSON.stringify(message['error'])));
  });
  await ask(JSON.stringify({ execute: 'qmp_capabilities' }));
  return {
    command: (execute, args) => ask(JSON.stringify({ execute, arguments: args })),
  };
}

export async function openQtest(path: string): Promise<Qtest> {
  const socket = await socketAt(path);
  const { ask, next } = questions(socket);
  const listeners: ((line: number, isHigh: boolean) => void)[] = [];
  eachLine(socket, (line) => {
    const [first, second, third] = line.split(' ');
    if (first === 'IRQ') {
      for (const listen of listeners) listen(Number(third), second === 'raise');
    } else if (first === 'OK') next()?.resolve(line.slice(3) as never);
    else next()?.reject(new Error(line));
  });
  return {
    ask,
    read: async (address) => Number(await ask<string>(`readl 0x${address.toString(16)}`)),
    write: (address, value) => ask(`writel 0x${address.toString(16)} 0x${value.toString(16)}`),
    onEdge: (listen) => listeners.push(listen),
  };
}
