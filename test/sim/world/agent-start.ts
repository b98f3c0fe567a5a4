/**
 * A life of the agent begins: everything is opened, read once, and wired to the core. Mirrors the
 * start of `firmware-agent/agent.ts`.
 */
import { notUnderstood, orderOf } from '../../../firmware-agent/control/order-words.ts';
import { sealedOrders } from '../../../firmware-agent/control/sealed-orders.ts';
import { newBoard } from '../../../firmware-agent/core/board.ts';
import { viewBoard } from '../../../firmware-agent/core/view.ts';
import type { StateFile } from '../../../firmware-agent/drivers/state-file.ts';
import { recall } from '../../../firmware-agent/recall.ts';
import { deframer, frameEncode } from '../../../protocol/wire/framing.ts';
import { keyRing } from '../../../protocol/wire/keys.ts';
import { agentSessions } from '../../../protocol/wire/session/agent.ts';
import { result as resultTopic } from '../../../protocol/wire/topics.ts';
import { stream } from '../streams.ts';
import { boardNow, give, ISSUED_MAX, noteTicks } from './agent.ts';
import { ask, newProbes } from './devices.ts';
import { stateFileOf } from './disk.ts';
import { forgetUnsure } from './machine.ts';
import { add, DEED, machineOf, type Process, tell, type World } from './state.ts';
import { onLine, viaBroker } from './wires.ts';

const FIRST_LOOK_MS = 5_000;
const CONNECT_MS = 40;
const WALL_ZERO = 1_700_000_000_000;

/** A new life of the agent begins. */
export function startAgent(world: World): void {
  const { board: truth, settings } = world;
  if (truth.process !== undefined || truth.downs > 0) return;
  truth.life += 1;
  forgetUnsure(world);
  const { life } = truth;
  const draw = stream(world.plan.seed, `agent ${life}`);
  const aNonce = draw.bytes(8);
  const board = newBoard(settings, Buffer.from(aNonce).toString('hex'), boardNow(world));
  const ring = keyRing(world.crypto, truth.keys);
  const sessions = agentSessions({
    crypto: world.crypto,
    ring,
    agent: settings.agent,
    aNonce,
    hosts: [...board.hosts.values()].map(({ settings: own, freshnessMs }) => ({
      host: own.host,
      name: own.name,
      freshnessMs,
      keepaliveMs: own.timing.keepaliveMs,
    })),
    draw: () => draw.bytes(8),
  });
  const probes = newProbes(world);
  for (const probe of probes) probe.turn = life * 1e6;
  const process: Process = {
    ...{ life, board, sessions, ring, probes },
    orders: deskOf(world, { life, board, ring }),
    lineIn: world.machines.map(() => deframer()),
    issuedAt: new Float64Array(ISSUED_MAX),
    issued: 0,
    startsWallMs: [],
    echo: 0,
    saving: false,
  };
  truth.process = process;
  noteTicks(world, process);
  begin(world, process);
}

function begin(world: World, process: Process): void {
  const { life, board, probes } = process;
  for (const { index, host, plan } of world.machines) {
    if (plan.settings.serial === undefined || (world.board.portsOut[index] ?? 0) > 0) continue;
    give(world, { kind: 'listening', channel: 'serial', host, on: true });
  }
  const own = world.parties[0];
  if (own !== undefined) {
    own.connected = false;
    own.turn += 1;
    add(world, world.now + CONNECT_MS, DEED.link, 0, own.turn);
  }
  for (let at = 0; at < probes.length; at += 1) ask(world, probes, at);
  add(world, world.now + board.derived.judgeTickMs, DEED.judge, life, world.board.timers);
  add(world, world.now + board.derived.beaconMs, DEED.round, life, world.board.timers);
  add(world, world.now + FIRST_LOOK_MS, DEED.start, life, 0);
  lookOver(world, process);
}

/** Guarding begins once every readable outlet has answered, or the wait for them is over. */
export function lookOver(world: World, process: Process, waitIsOver = false): void {
  const { board, life, probes } = process;
  if (board.started) return;
  const isKnown = probes.every(({ what, machine, index, known }) => {
    const outlet = world.machines[machine]?.plan.settings.outlets[index];
    return what !== 'contact' || outlet?.readable !== true || known;
  });
  if (!isKnown && !waitIsOver) return;
  const wallMs = Math.round(WALL_ZERO + world.now + world.wallOffMs);
  const { startsWallMs, ...memory } = recall(stateFileOf(world) as StateFile, false, wallMs);
  process.startsWallMs.push(...startsWallMs);
  const remembers = memory.durable !== undefined;
  tell(world, { kind: 'agent', is: 'started', life, remembers });
  give(world, { kind: 'start', wallMs, ...memory });
}

function deskOf(
  world: World,
  { life, board, ring }: Pick<Process, 'life' | 'board' | 'ring'>,
): Process['orders'] {
  const { settings } = world;
  const names = settings.orderers.map(({ name }) => resultTopic(settings.name, name));
  const firstClient = 1 + world.machines.length;
  const orders = sealedOrders(
    {
      ...{ crypto: world.crypto, ring, agent: settings.agent, agentName: settings.name },
      ...{ orderers: settings.orderers, hosts: settings.hosts },
    },
    {
      life: () => ({ aNonce: Buffer.from(board.life, 'hex'), tick: board.ticks.latest }),
      view: () => viewBoard(board, boardNow(world)),
      records: () => [],
      acceptOrder: (message, orderer) => {
        const order = orderOf(message, orderer, settings);
        if (order !== undefined) return give(world, { kind: 'order', order });
        orders.sendResult(notUnderstood(message, board.ticks.latest));
      },
      publish: (topic, bytes) => {
        const client = names.indexOf(topic);
        const own = world.parties[0];
        const party = world.parties[firstClient + client];
        if (client < 0 || own?.connected !== true || party === undefined) return false;
        const envelope = { bytes, sentAt: world.now };
        viaBroker(world, DEED.answer, client, own.up, party.down, envelope);
        return true;
      },
      sendOnLine: (host, bytes) => {
        const { index } = machineOf(world, host);
        if ((world.board.portsOut[index] ?? 0) > 0 || world.board.life !== life) return false;
        onLine(world, index, 'down', { bytes: frameEncode(bytes), sentAt: world.now });
        return true;
      },
      alarm: () => {},
    },
  );
  return orders;
}
