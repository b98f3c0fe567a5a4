/**
 * How long an order takes to be answered by `fenced`, beyond what must pass.
 *
 * What must pass is the time from the command to the relay to the first `off` that the sense answers,
 * which is the supply's, and the off-hold. The rest is ours: the way of the order, its entry on the
 * disk (tmpfs here, so that no disk is measured), the readings that end the hold, the way of the answer.
 * Some boards fence at once, each in its own rhythm; boards, brokers and benches are real processes, hosts are
 * programs that sleep, because a server does not boot on the processors of its board. Sent and answered are by this process's clock, the rest by the bench's log: one clock.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderClient } from '../../protocol/order-client.ts';
import type { BenchEntry } from '../lib/bench/client.ts';
import { mosquittoBroker } from '../lib/brokers/mosquitto.ts';
import { type Rack, startRack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { ordererOf } from '../scenario/lib/orderer.ts';
import { type Millis, timing } from '../scenario/lib/timing.ts';
import { most, type Section, TAIL_HEAD, tailCells } from './section.ts';
import { tailOf } from './spread.ts';

const MILLIS: Millis = { keepaliveMs: 200, deadtimeMs: 2_000, holdMs: 1_000, drainMs: 1_000 };
/** A board gives power back to one host in two seconds, so that many fences need some boards. */
const BOARDS = 4;
const HOSTS = ['ariel', 'belinda'];
const HOST = 1;
const FENCES_PER_BOARD = 30;
/** So that the boards do not keep step. */
const BETWEEN_MS_MAX = 400;
const ANSWER_MS_MAX = 20_000;
const BEYOND_MS_MAX = 50;
const MEMORY = '/dev/shm';

/** One order, its parts in ms. */
interface Ordered {
  /** From its sending to the command to the relay. */
  toCut: number;
  /** From there to the first `off` that was read, and from that to the answer. */
  toOff: number;
  toAnswer: number;
}

/** Fences a host of each board again and again by order. */
export async function measureProvenOff(tell: (what: string) => void): Promise<Section> {
  tell(`${BOARDS * FENCES_PER_BOARD} fences by order`);
  const ordered = await Promise.all(Array.from({ length: BOARDS }, fencesOfOneBoard));
  return sectionOf(ordered.flat());
}

async function fencesOfOneBoard(): Promise<Ordered[]> {
  const stateDir = mkdtempSync(join(MEMORY, 'fencepost-'));
  const broker = await mosquittoBroker();
  const rack = await startRack({
    ...{ hosts: HOSTS, timing: timing(MILLIS), stateDir },
    ...{ broker: { url: broker.url, protocol: 5 }, holdUpMs: 100, bootMs: 100 },
    program: () => ({ command: ['sleep', '1d'] }),
  });
  const client = ordererOf(rack);
  const ordered: Ordered[] = [];
  while (ordered.length < FENCES_PER_BOARD) {
    await pause(Math.random() * BETWEEN_MS_MAX);
    ordered.push(await fenceOnce(rack, client));
  }
  await client.close();
  await rack.close();
  await broker.close();
  rmSync(stateDir, { recursive: true });
  return ordered;
}

async function fenceOnce(rack: Rack, client: OrderClient): Promise<Ordered> {
  const about = { host: HOST, incarnation: 0, waitMs: ANSWER_MS_MAX };
  // Whoever orders knows the life of the agent: it asked before.
  await client.state(about.host, 'status', ANSWER_MS_MAX);
  const sentAt = monotonicMs();
  const end = await client.order({ op: 'fence', ...about });
  const answeredAt = monotonicMs();
  if (end.outcome !== 'done') throw new Error(`an order to fence ended as ${JSON.stringify(end)}`);
  const at = async (what: string, is: (entry: BenchEntry) => boolean): Promise<number> =>
    (await rack.bench.waitFor(what, (entry) => entry.atMs > sentAt && is(entry))).atMs;
  const cutAt = await at('cut', ({ kind }) => kind === 'command');
  const offAt = await at('off', (entry) => entry.kind === 'read' && entry.value === 'off');
  await at('power', (entry) => entry.kind === 'power' && entry.to === 'on');
  return { toCut: cutAt - sentAt, toOff: offAt - cutAt, toAnswer: answeredAt - offAt };
}

function sectionOf(ordered: readonly Ordered[]): Section {
  const row = (name: string, part: (one: Ordered) => number): string[] => [
    name,
    ...tailCells(tailOf(ordered.map(part))),
  ];
  const beyond = ({ toCut, toAnswer }: Ordered): number => toCut + toAnswer - MILLIS.holdMs;
  return {
    name: 'proven-off',
    title: `orders to fence over mosquitto, ms; ${BOARDS} boards at once, off-hold ${MILLIS.holdMs}, state on tmpfs`,
    head: TAIL_HEAD,
    rows: [
      row("order to the relay's command", ({ toCut }) => toCut),
      row('  command to the first "off" read', ({ toOff }) => toOff),
      row('  from there to the answer, less the hold', ({ toAnswer }) => toAnswer - MILLIS.holdMs),
      row('beyond what must pass', beyond),
    ],
    verdicts: [
      most(
        'ms of an order beyond command to "off" and off-hold, p99',
        tailOf(ordered.map(beyond)).p99,
        BEYOND_MS_MAX,
      ),
    ],
    figures: { ordered },
  };
}
