/**
 * Lines over a unix socket, served within bounds.
 *
 * The right to speak is the right to open the file, so its mode is right from the first instant
 * (0660, and group `fencepost` where the system has one). A socket file outlives the process that
 * made it: one that nobody answers on is replaced, one that a living process answers on is refused,
 * because two agents must not drive one set of relays. Clients are few and bounded, and one that
 * does not read its answers is cut off.
 */
import { chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { asFailure, attemptSync } from '../attempt.ts';
import { failure, ok, type Result } from '../result.ts';
import { CLIENTS_MAX, REQUEST_LINE_BYTES_MAX, UNREAD_BYTES_MAX } from './limits.ts';
import { type Line, lineReader } from './lines.ts';

export interface LineServer {
  /** Says a whole line to every client. */
  tell(line: string): void;
  /** Stops listening, hangs up on every client and removes the socket file. */
  close(): Promise<void>;
}

/** `live` another process answers there; `not-a-socket` something else lies there. */
export type SocketRefusal = 'live' | 'not-a-socket' | 'unusable';

export interface LineService {
  /**
   * Called once a client; `say` takes whole lines and is harmless when the client is gone, `hangUp`
   * ends it, `whenGone` calls back when it is gone. What it returns is called with each line of that
   * client.
   */
  greet(
    say: (line: string) => void,
    hangUp: () => void,
    whenGone: (then: () => void) => void,
  ): (line: Line) => void;
  /** The line that tells a client that too many are connected. */
  busyLine: string;
  /** What a client may leave unread before it is cut off; `UNREAD_BYTES_MAX` where it is absent. */
  unreadBytesMax?: number;
  /** Told once, in a sentence, where the group cannot be set. */
  warn(sentence: string): void;
}

const UNUSABLE: Partial<Record<string, string>> = {
  eacces: 'its folder is missing, or this user may not write there',
  enoent: 'its folder is missing',
  enotdir: 'its folder is a file',
  erofs: 'its folder is read-only',
};
const GROUP = 'fencepost';
const OTHERS_NOTHING = 0o117;

/** Listens at `path`. */
export async function lineServer(
  path: string,
  service: LineService,
): Promise<Result<LineServer, SocketRefusal>> {
  const clients = new Set<Socket>();
  const server = createServer((client) => receive(client, clients, service));
  let bound = await listen(server, path);
  if (!bound.ok && bound.kind === 'eaddrinuse') {
    const stale = await removeStale(path);
    if (!stale.ok) return stale;
    bound = await listen(server, path);
  }
  if (!bound.ok) {
    const why = UNUSABLE[bound.kind] ?? bound.detail;
    const remedy = 'make its folder, for this user to write in, or name another path';
    return failure('unusable', `the socket ${path} cannot be made: ${why}; ${remedy}`);
  }
  // Too many open files, say: the clients that are there stay, and the process lives.
  server.on('error', (error) => service.warn(`${path} could not take a client: ${error.message}.`));
  const grouped = giveToGroup(path);
  if (!grouped.ok) service.warn(`${path} is not given to the group ${GROUP}: ${grouped.detail}.`);
  return ok({
    tell: (line) => {
      for (const client of clients) say(client, line, service);
    },
    close: () => closeAll(server, clients),
  });
}

/** Binding happens inside `listen`, so the mask covers exactly the making of the file. */
function listen(server: Server, path: string): Promise<Result<void>> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve(asFailure(error));
    server.once('error', failed);
    const maskBefore = process.umask(OTHERS_NOTHING);
    server.listen(path, () => {
      server.off('error', failed);
      resolve(ok(undefined));
    });
    process.umask(maskBefore);
  });
}

async function removeStale(path: string): Promise<Result<void, SocketRefusal>> {
  const kind = attemptSync(() => lstatSync(path));
  if (kind.ok && !kind.value.isSocket()) {
    return failure('not-a-socket', `${path} is not a socket; move it away or name another path`);
  }
  if (await answers(path)) {
    return failure('live', `another process answers on ${path}; stop it first`);
  }
  const removed = attemptSync(() => unlinkSync(path));
  if (removed.ok || removed.kind === 'enoent') return ok(undefined);
  return failure('unusable', `the dead socket ${path} cannot be removed: ${removed.detail}`);
}

/** Only a refused connection, or a vanished file, shows that nobody listens. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => {
      const { kind } = asFailure(error);
      resolve(kind !== 'econnrefused' && kind !== 'enoent');
    });
  });
}

function giveToGroup(path: string): Result<void> {
  const table = attemptSync(() => readFileSync('/etc/group', 'utf8'));
  if (!table.ok) return ok(undefined);
  const row = table.value.split('\n').find((line) => line.startsWith(`${GROUP}:`));
  const gid = Number(row?.split(':')[2] ?? Number.NaN);
  if (!Number.isInteger(gid)) return ok(undefined);
  return attemptSync(() => chownSync(path, process.getuid?.() ?? 0, gid));
}

function closeAll(server: Server, clients: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const client of clients) client.destroy();
  });
}

function receive(client: Socket, clients: Set<Socket>, service: LineService): void {
  // A client that vanishes is its own affair; without a listener the process would end.
  client.on('error', () => client.destroy());
  if (clients.size >= CLIENTS_MAX) {
    client.end(service.busyLine, () => client.destroy());
    return;
  }
  clients.add(client);
  client.once('close', () => clients.delete(client));
  const reader = lineReader(REQUEST_LINE_BYTES_MAX);
  const serve = service.greet(
    (line) => say(client, line, service),
    () => client.destroy(),
    (then) => void client.once('close', then),
  );
  client.on('data', (chunk: Buffer) => {
    for (const line of reader.push(chunk)) if (!client.destroyed) serve(line);
  });
}

function say(client: Socket, line: string, service: LineService): void {
  if (client.destroyed || !client.writable) return;
  client.write(line);
  if (client.writableLength > (service.unreadBytesMax ?? UNREAD_BYTES_MAX)) client.destroy();
}
