/** The bench, by which every other test judges, keeps the contracts of real devices. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchDriver } from '../../firmware-agent/drivers/bench.ts';
import { after } from '../../protocol/link/timers.ts';
import { type Bench, makeBench } from '../lib/bench/bench.ts';
import { benchLog } from '../lib/bench/log.ts';
import type {
  BenchRequest,
  DirectorRequest,
  HostState,
  OwnerRequest,
} from '../lib/bench/requests.ts';
import { suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { switchContract } from './power-switch.ts';
import { pulseContract } from './pulse-line.ts';
import { senseContract } from './sense.ts';

const test = suite('bench');
const PERIOD_MS = 250;
const LATE_MS = 400;

type Fault = 'well' | 'mute' | 'late' | 'garbled' | 'stuck' | 'gone' | 'refuse';

interface Played {
  dir: string;
  socket: string;
  pulses(): number;
  state(): HostState;
  perform(request: DirectorRequest | OwnerRequest): void;
  spoil(fault: Fault): Promise<void>;
  close(): void;
}

/** The bench in this process, behind a socket that can be spoilt. */
async function play(): Promise<Played> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-contract-'));
  const socket = join(dir, 'bench.sock');
  const { bench, pulses } = benchIn(dir, socket);
  let fault: Fault = 'well';
  const connections = new Set<Socket>();
  const take = (request: BenchRequest, connection: Socket): void => {
    if (fault === 'mute') return;
    const say = (answer: object): void => {
      const line = JSON.stringify({ id: request.id, ...answer });
      connection.write(`${fault === 'garbled' ? line.replace('"value"', '"valve"') : line}\n`);
    };
    if (fault === 'refuse') return say({ error: 'refused' });
    bench.perform(request, (answer) => {
      if (fault === 'late') after(LATE_MS, () => say(answer));
      else say(answer);
    });
  };
  const serve = (connection: Socket): void => {
    connections.add(connection);
    connection.on('error', () => undefined);
    connection.setEncoding('utf8').on('data', (text) => {
      for (const line of String(text).trim().split('\n')) take(JSON.parse(line), connection);
    });
  };
  let server: Server | undefined = await listen(socket, serve);
  const hangUp = (): void => {
    server?.close();
    server = undefined;
    for (const connection of connections) connection.destroy();
    connections.clear();
  };
  const perform = (request: DirectorRequest | OwnerRequest): void =>
    bench.perform({ ...request, id: 0 }, () => undefined);
  return {
    dir,
    socket,
    pulses,
    perform,
    state: () => {
      let states: HostState[] = [];
      bench.perform({ id: 0, do: 'state' }, (answer) => {
        if ('value' in answer) states = answer.value as HostState[];
      });
      return states[0] as HostState;
    },
    spoil: async (next) => {
      if (next === 'gone') hangUp();
      else server ??= await listen(socket, serve);
      const relay = next === 'stuck' ? { stuck: 'closed' as const } : {};
      perform({ do: 'relay-fault', host: 'web', outlet: 'psu', fault: relay });
      fault = next;
    },
    close: () => {
      hangUp();
      bench.close();
      rmSync(dir, { recursive: true });
    },
  };
}

function benchIn(dir: string, socket: string): { bench: Bench; pulses: () => number } {
  let pulses = 0;
  const path = join(dir, 'log');
  const log = benchLog(path, ({ kind }) => {
    if (kind === 'pulse') pulses += 1;
  });
  const host = {
    name: 'web',
    holdUpMs: 1,
    outlets: [{ name: 'psu' }],
    senses: [{ name: 'rail', covers: 'host' as const }],
    pulses: [{ name: 'reset', does: 'nothing' as const }],
  };
  const bench = makeBench({ socket, log: path, dir, hosts: [host] }, log);
  return { bench, pulses: () => pulses };
}

async function listen(path: string, serve: (connection: Socket) => void): Promise<Server> {
  const server = createServer(serve);
  await new Promise<void>((listening) => {
    server.listen(path, listening);
  });
  return server;
}

async function opened() {
  const played = await play();
  const { socket, perform, state } = played;
  const driver = benchDriver();
  const asked = (plug: string) => ({
    name: plug,
    periodMs: PERIOD_MS,
    device: { driver: 'bench' as const, same: plug, socket, plug: `web-${plug}` },
  });
  const { outlets, senses, pulses } = await driver.open({
    host: 'web',
    outlets: [asked('psu')],
    senses: [asked('rail')],
    pulses: [asked('reset')],
  });
  const [outlet, sense, line] = [outlets[0], senses[0], pulses[0]];
  if (!outlet || !sense || !line) throw new Error('not all was opened');
  await until('the driver is connected', async () => (await outlet.read()) !== 'unknown');
  const contact = (): 'open' | 'closed' => state().contacts['psu'] ?? 'closed';
  const move = async (to: 'open' | 'closed'): Promise<void> => {
    perform({ do: 'turn', plug: 'web-psu', to });
    await until(`it is ${to}`, () => contact() === to && state().power === (to === 'closed'));
  };
  return {
    outlet,
    sense,
    line,
    turnMs: PERIOD_MS,
    pulseMs: PERIOD_MS,
    contact,
    move,
    power: (is: 'on' | 'off') => move(is === 'on' ? 'closed' : 'open'),
    given: played.pulses,
    spoil: played.spoil,
    closeDriver: driver.close,
    close: async () => played.close(),
  };
}

// A bench that answers nonsense to a command has taken it all the same.
switchContract(test, 'bench', { open: opened, isAcknowledged: false });
senseContract(test, 'bench', { open: opened });
pulseContract(test, 'bench', { open: opened });

test.run();
