/**
 * A cluster of two nodes: each host runs an orderer of its own beside its shim, with a key that is
 * bound to that host, and reaches the broker over a path of its own.
 *
 * The orderer dies with the power of its host, but what it had said may still be on its way.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import type { OrderEnd } from '../../../protocol/order-step.ts';
import type { Path } from '../../lib/brokers/path.ts';
import { built } from '../../lib/built.ts';
import type { Rack, RackSetup } from '../../lib/rack.ts';
import { until } from '../../lib/until.ts';
import { type WallClock, wallClockEnv } from '../../lib/wall-clock/env.ts';
import type { DuelCommand, DuelistSetup, DuelReport } from './duelist/says.ts';
import { keysOf, ordererOn, withNodeKeys } from './node-keys.ts';
import { numberOf } from './orderer.ts';
import type { Stage } from './scenario.ts';

export interface Node {
  readonly host: string;
  readonly orderer: { orderer: number; name: string };
  /** Between its orderer and the broker. */
  readonly path: Path;
}

export interface Nodes {
  readonly rack: Rack;
  readonly both: readonly [Node, Node];
  /** Tells the orderer on a node to fence a host at an instant; false where it is not alive. */
  order(node: Node, about: { cmdId: string; host: string; atMs: number }): boolean;
  /** When its node gave an order, and how it ended there, if the node lived to tell. */
  reportOf(cmdId: string): { sentMs?: number; end?: OrderEnd };
  /** Resolves when a life of the node that began after `sinceMs` reached the board. */
  ready(node: Node, sinceMs: number, limitMs: number): Promise<void>;
  /** The text of the node's keys file. */
  keysOf(node: Node): string;
}

export interface NodesSetup {
  rack: RackSetup;
  brokerPort: number;
  /** How wrong the clocks of a node are. */
  clockOf: (host: string) => WallClock;
}

/** Starts a rack of two hosts as such a cluster. */
export async function startNodes(stage: Stage, setup: NodesSetup): Promise<Nodes> {
  const [one = '', two = ''] = setup.rack.hosts;
  const both = [
    await nodeOf(stage, setup.brokerPort, one, 0),
    await nodeOf(stage, setup.brokerPort, two, 1),
  ] as const;
  const reports = new Map<string, { sentMs?: number; end?: OrderEnd }>();
  const lives = new Map<string, { socket: Socket; readyMs: number }>();
  const server = createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const report: DuelReport = JSON.parse(line);
        if (report.kind === 'ready') {
          lives.set(report.host, { socket, readyMs: monotonicMs() });
          continue;
        }
        const { cmdId } = report;
        const news = report.kind === 'sent' ? { sentMs: report.atMs } : { end: report.end };
        reports.set(cmdId, { ...reports.get(cmdId), ...news });
      }
    });
    socket.on('error', () => undefined);
  });
  const rack = await stage.rack({
    ...withNodeKeys({
      ...setup.rack,
      prepare: (dir) => void server.listen(join(dir, 'duel.sock')).unref(),
    }),
    program: (host, shim, dir) => {
      const { orderer, path } = both.find((node) => node.host === host) ?? both[0];
      const about: DuelistSetup = {
        ...{ shim, host, orderer, keys: keysOf(dir, host), url: path.url },
        desk: join(dir, 'duel.sock'),
      };
      const program = built('test/scenario/lib/duelist/main.ts');
      return {
        command: [process.execPath, program, JSON.stringify(about)],
        env: wallClockEnv(setup.clockOf(host)),
      };
    },
  });
  return {
    rack,
    both,
    order: ({ host }, { cmdId, host: victim, atMs }) => {
      const command: DuelCommand = { cmdId, host: numberOf(rack, victim), atMs };
      const socket = lives.get(host)?.socket;
      if (socket?.writable !== true) return false;
      socket.write(`${JSON.stringify(command)}\n`);
      return true;
    },
    reportOf: (cmdId) => reports.get(cmdId) ?? {},
    ready: async ({ host }, sinceMs, limitMs) => {
      const isReady = (): boolean => (lives.get(host)?.readyMs ?? -1) >= sinceMs;
      await until(`the orderer on ${host} reaches the board`, isReady, limitMs);
    },
    keysOf: ({ host }) => readFileSync(keysOf(rack.dir, host), 'utf8'),
  };
}

async function nodeOf(stage: Stage, port: number, host: string, i: number): Promise<Node> {
  return { host, orderer: ordererOn(host, i), path: await stage.path(port) };
}
