/**
 * The programs of a cluster node: its shim, and an orderer that fences the other node on command.
 *
 * Both are one process group, so they live and die with the power of their host, as they would.
 * `node duelist SETUP` takes a JSON object; commands and reports are JSON lines on a socket of the
 * scenario, which says at what instant of CLOCK_MONOTONIC, and under which id, the order is given.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, monotonicMs } from '../../../../protocol/link/timers.ts';
import { type OrderClient, orderClient } from '../../../../protocol/order-client.ts';
import { orderOverMqtt } from '../../../../protocol/order-mqtt.ts';
import { AGENT, crypto, ringOf } from '../orderer.ts';
import type { DuelCommand, DuelistSetup, DuelReport } from './says.ts';

const setup: DuelistSetup = JSON.parse(process.argv[2] ?? '');

/** A timer is exact to a millisecond or two; the rest is waited for in a loop. */
const LOOP_MS = 3;
const ORDER_MS_MAX = 20_000;

function at(instantMs: number, fn: () => void): void {
  after(Math.max(0, Math.floor(instantMs - monotonicMs() - LOOP_MS)), () => {
    while (monotonicMs() < instantMs);
    fn();
  });
}

function say(socket: Socket, report: DuelReport): void {
  socket.write(`${JSON.stringify(report)}\n`);
}

function give(client: OrderClient, socket: Socket, { cmdId, host, atMs }: DuelCommand): void {
  at(atMs, () => {
    const id = Buffer.from(cmdId, 'hex');
    const sentMs = monotonicMs();
    void client
      .order({ op: 'fence', host, incarnation: 0, cmdId: id, waitMs: ORDER_MS_MAX })
      .then((end) => say(socket, { kind: 'end', cmdId, end }));
    say(socket, { kind: 'sent', cmdId, atMs: sentMs });
  });
}

async function main(): Promise<void> {
  const { shim, desk, host, orderer, keys, url } = setup;
  const [command = '', ...args] = shim;
  spawn(command, args, { stdio: 'inherit' });
  const access = { url, protocol: 5 } as const;
  const client = orderClient(
    { crypto, ring: ringOf(readFileSync(keys, 'utf8')), agent: AGENT.id, orderer },
    [orderOverMqtt({ access, agentName: AGENT.name, ordererName: orderer.name })],
  );
  const socket = connect(desk);
  let rest = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) give(client, socket, JSON.parse(line));
  });
  await client.state(0, 'none', ORDER_MS_MAX);
  say(socket, { kind: 'ready', host });
}

void main();
