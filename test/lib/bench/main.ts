/**
 * The bench as a process: `node bench CONFIG.json`. It prints `listening` when its socket stands, and ends
 * at SIGTERM, at SIGINT, or when its standard input ends, taking its hosts along: nothing that it
 * started outlives it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { attemptSync } from '../../../protocol/attempt.ts';
import { makeBench } from './bench.ts';
import type { BenchConfig } from './config.ts';
import { type BenchEntry, benchLog } from './log.ts';
import type { BenchAnswer, BenchRequest } from './requests.ts';

const path = process.argv[2];
if (path === undefined) throw new Error('usage: bench CONFIG.json');
const config: BenchConfig = JSON.parse(readFileSync(path, 'utf8'));
const watchers = new Set<(entry: BenchEntry) => void>();
const owners = new Set<Socket>();
const log = benchLog(config.log, (entry) => {
  for (const watcher of watchers) watcher(entry);
});

function end(): void {
  process.exit(0);
}
// Before there are hosts, so that no signal can end this without them.
process.on('SIGTERM', end);
process.on('SIGINT', end);
process.stdout.on('error', end);
const bench = makeBench(config, log);
// Also after a mistake of ours: a shim that outlives its bench speaks on the next one's pty.
process.on('exit', () => bench.close());

/** Owner and watcher are things that a connection is; all else a request does to the bench. */
function take(request: BenchRequest, socket: Socket, say: (answer: BenchAnswer) => void): void {
  const { id } = request;
  if (request.do === 'own') {
    owners.add(socket);
    log.write({ kind: 'owner', what: 'connected' });
  }
  if (request.do === 'watch') {
    const watcher = (entry: BenchEntry): void => say({ entry });
    for (const entry of log.entries()) watcher(entry);
    watchers.add(watcher);
    socket.on('close', () => watchers.delete(watcher));
  }
  bench.perform(request, (answer) => say({ id, ...answer }));
}

function serve(socket: Socket): void {
  const say = (answer: BenchAnswer): void => {
    if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
  };
  let rest = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const request: BenchRequest = JSON.parse(line);
      const taken = attemptSync(() => take(request, socket, say));
      if (!taken.ok) say({ id: request.id, error: taken.detail });
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (owners.delete(socket) && owners.size === 0) bench.ownerLost();
  });
}

rmSync(config.socket, { force: true });
createServer(serve).listen(config.socket, () => process.stdout.write('listening\n'));
process.stdin.on('end', end).on('error', end).resume();
