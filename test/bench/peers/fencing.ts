/**
 * From an order to "it is off", beside fence_ipmilan.
 *
 * Both are commands that a manager starts, and both end when they say that the machine is off. Theirs
 * asks OpenIPMI's simulated controller to cut and then asks whether it did; ours orders a board over
 * the broker, which cuts, sees the supply fall by a sense, and sees it off for the whole off-hold. Whether
 * the machine was off when the command said so is known from the simulator's own file, and from the
 * bench's log; a command that said so of a machine with power has no figure.
 */
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { mosquittoBroker } from '../../lib/brokers/mosquitto.ts';
import {
  FENCE_IPMILAN,
  PASSWORD,
  type SimulatedController,
  simulateController,
  USER,
} from '../../lib/devices/ipmi.ts';
import { type Rack, startRack } from '../../lib/rack.ts';
import { pause, until } from '../../lib/until.ts';
import { allBeat } from '../../scenario/lib/hearing.ts';
import { cutToFenced, type Millis, timing } from '../../scenario/lib/timing.ts';
import { startChild } from '../child.ts';
import { most } from '../section.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { type Outcome, outcomeOf, type Part, rowsOf } from './outcome.ts';
import { SPREAD_HEAD, spreadCells } from './table.ts';

/** The shortest hold that is allowed. */
const MILLIS: Millis = { keepaliveMs: 500, deadtimeMs: 3_000, holdMs: 1_000, drainMs: 1_000 };
const HOST = 'deimos';
/** The start of a command, its question and its journal, beside what the fence takes. */
const COMMAND_MS_MAX = 2_000;
const ORDERS_MIN = 3;
const FENCED_MS_MAX = 20_000;

interface Fenced {
  /** From the start of the command: to power gone, and to its end. */
  toOffMs: number;
  toProofMs: number;
}

interface Found {
  toOff: Spread;
  toProof: Spread;
}

/** Takes about so long in all. */
export async function measureFencing(ms: number, tell: (what: string) => void): Promise<Part> {
  const partMs = ms / 3;
  tell('fence_ipmilan off, as it comes and without its wait');
  const asItComes = await outcomeOf({ of: 'fence_ipmilan, as it comes', needs: AGENTS }, () =>
    theirs([], partMs),
  );
  const hasty = await outcomeOf({ of: 'fence_ipmilan, --power-wait=0', needs: AGENTS }, () =>
    theirs(['--power-wait=0'], partMs),
  );
  tell('fencepost off');
  const mine = await outcomeOf({ of: `fencepost off, off-hold ${MILLIS.holdMs} ms` }, () =>
    ours(partMs),
  );
  const outcomes: Outcome<Found>[] = [mine, asItComes, hasty];
  const bound = COMMAND_MS_MAX + cutToFenced(MILLIS).mostMs;
  return {
    section: {
      name: 'fencing',
      title: 'from the start of a command to power gone, and to its word that it is off, ms',
      head: SPREAD_HEAD,
      rows: outcomes.flatMap((one) =>
        rowsOf(one, ({ toOff, toProof }) => [
          [`${one.of}: off`, ...spreadCells(toOff)],
          ['  said so, and it was', ...spreadCells(toProof)],
        ]),
      ),
      verdicts:
        mine.is === 'measured'
          ? [most('ms from our command to proven off', mine.value.toProof.max, bound)]
          : [],
      figures: outcomes,
    },
    outcomes,
  };
}

const AGENTS: readonly string[] = [FENCE_IPMILAN, '/usr/bin/ipmi_sim', '/usr/bin/ipmitool'];

function foundOf(all: readonly Fenced[]): Found {
  return {
    toOff: spreadOf(all.map(({ toOffMs }) => toOffMs)),
    toProof: spreadOf(all.map(({ toProofMs }) => toProofMs)),
  };
}

async function theirs(options: readonly string[], ms: number): Promise<Found> {
  const controller = await simulateController();
  const endsAtMs = monotonicMs() + ms;
  const all: Fenced[] = [];
  try {
    while (all.length < ORDERS_MIN || monotonicMs() < endsAtMs) {
      controller.set('on');
      all.push(await orderTheirs(controller, options));
    }
    return foundOf(all);
  } finally {
    await controller.close();
  }
}

async function orderTheirs(
  { port, power }: SimulatedController,
  options: readonly string[],
): Promise<Fenced> {
  const where = ['--ip=127.0.0.1', `--ipport=${port}`];
  const who = [`--username=${USER}`, `--password=${PASSWORD}`];
  const atMs = monotonicMs();
  const command = startChild(FENCE_IPMILAN, [...where, ...who, ...options, '--action=off']);
  const cut = until('the controller cut', () => power() === 'off' && monotonicMs(), FENCED_MS_MAX);
  try {
    const [offMs, said] = await Promise.all([cut, command.line('Success: Powered OFF')]);
    if (power() !== 'off') throw new Error('it said that a machine is off which has power');
    return { toOffMs: offMs - atMs, toProofMs: said.atMs - atMs };
  } finally {
    await command.end();
  }
}

async function ours(ms: number): Promise<Found> {
  const broker = await mosquittoBroker();
  const rack = await startRack({
    hosts: [HOST, 'phobos'],
    timing: timing(MILLIS),
    broker: { url: broker.url, protocol: 5 },
    ...{ holdUpMs: 100, bootMs: 100 },
  });
  const endsAtMs = monotonicMs() + ms;
  const all: Fenced[] = [];
  try {
    while (all.length < ORDERS_MIN || monotonicMs() < endsAtMs) {
      await allBeat(rack, rack.setup.hosts);
      await pause(2 * MILLIS.keepaliveMs);
      all.push(await orderOurs(rack));
    }
    return foundOf(all);
  } finally {
    await rack.close();
    await broker.close();
  }
}

async function orderOurs(rack: Rack): Promise<Fenced> {
  const edges = rack.bench.edges(HOST).length;
  const atMs = monotonicMs();
  const { code, stdout, stderr } = await rack.fencepost(['off', HOST, '--json'], 'mqtt');
  const saidMs = monotonicMs();
  const { outcome, proof } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  if (code !== 0 || outcome !== 'done' || proof !== 'verified') {
    throw new Error(`fencepost off ended with ${code}: ${stdout} ${stderr}`);
  }
  const off = rack.bench.edges(HOST)[edges];
  if (off === undefined || off.to !== 'off' || rack.bench.hadPower(HOST, saidMs)) {
    throw new Error('it said that a machine is off which has power');
  }
  await rack.fencepost(['on', HOST], 'mqtt');
  return { toOffMs: off.atMs - atMs, toProofMs: saidMs - atMs };
}
