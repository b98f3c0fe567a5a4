/**
 * Work that has nothing to do with us, to measure beside it: `node hog.cjs KIND ARGUMENT RATE`.
 *
 *   spin              takes a whole processor
 *   disk FOLDER       writes a file of a MiB and syncs it, without end
 *   publish URL RATE  so many messages a second that nobody of ours hears
 *   forge URL RATE    so many orders a second under keys that nobody knows
 *
 * It prints `ready` and ends with its input.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type MqttLink, mqttLink } from '../../protocol/link/mqtt.ts';
import { every, nextTurn } from '../../protocol/link/timers.ts';
import { keyRing } from '../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { OPERATION } from '../../protocol/wire/messages.ts';
import { sealOrder } from '../../protocol/wire/session/orderer.ts';
import { topicsOf } from '../../protocol/wire/topics.ts';
import { LINK_LIMITS } from './echo.ts';

const PIECE_MS = 20;
const SPIN_MS = 50;
const BLOCK = Buffer.alloc(1 << 20, 1);

function again(work: () => void): void {
  work();
  nextTurn(() => again(work));
}

function spin(): void {
  const endAt = performance.now() + SPIN_MS;
  while (performance.now() < endAt);
}

function write(folder: string): void {
  const file = openSync(join(folder, 'hog'), 'w');
  writeSync(file, BLOCK);
  fsyncSync(file);
  closeSync(file);
}

/** Messages at a steady rate over one connection. */
function say(url: string, rate: number, message: () => [topic: string, bytes: Uint8Array]): void {
  const link: MqttLink = mqttLink(
    { ...LINK_LIMITS, url, protocol: 5, clientId: `hog-${process.pid}`, subscriptions: [] },
    { up: () => undefined, lost: () => undefined, message: () => undefined },
  );
  every(PIECE_MS, () => {
    for (let n = 0; n < (rate * PIECE_MS) / 1_000; n += 1) {
      link.publish(...message(), { qos: 0 });
    }
  });
}

/** Orders of the right form, to the right agent; only the key is wrong, and the life. */
function forgeries(): () => [string, Uint8Array] {
  const crypto = nodeCrypto();
  const bytes = randomBytes(32);
  const key = { role: 'admin', owner: 'ops', kid: 1, sending: true, secret: () => bytes } as const;
  const ring = keyRing(crypto, [key]);
  return () => {
    const frame = sealOrder(crypto, ring, 'ops', 'mqtt', {
      ...{ kind: 'order', kid: 1, orderer: 10, agent: 1, cmdId: randomBytes(16) },
      ...{ aNonce: randomBytes(8), tick: 1, host: 1, incarnation: 0, op: OPERATION.fence },
      ...{ args: new Uint8Array(), ttlMs: 30_000 },
    });
    return [topicsOf('board').order, frame ?? new Uint8Array()];
  };
}

const [kind, argument = '', rate = '0'] = process.argv.slice(2);
if (kind === 'spin') again(spin);
if (kind === 'disk') again(() => write(argument));
if (kind === 'publish') say(argument, Number(rate), () => ['hog', BLOCK.subarray(0, 200)]);
if (kind === 'forge') say(argument, Number(rate), forgeries());
if (kind !== undefined && process.argv[1]?.includes('hog')) {
  process.stdout.write('ready\n');
  process.stdin.on('end', () => process.exit(0)).resume();
}
