/** The command over a broker, a serial line, or both: what each can tell, and what is done without one. */
import { boardOverFrames } from '../../../host-shim/cli/board-sealed.ts';
import { EXIT, type ExitCode } from '../../../host-shim/cli/exit-code.ts';
import { runCommand } from '../../../host-shim/cli/program.ts';
import { type OrderRoute, orderClient } from '../../../protocol/order-client.ts';
import { ok } from '../../../protocol/result.ts';
import {
  ANNA,
  clientSetup,
  type FakeOrders,
  fakeOrders,
  memoryRoute,
} from '../../lib/fake-orders.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('fencepost over sealed frames');

/** As the fake board numbers them. */
const HOSTS = { deimos: 1, phobos: 2 };
const LINE = { channel: 'serial', host: 1 } as const;

const deadBroker: OrderRoute = {
  name: 'the broker',
  channel: 'mqtt',
  connect: ({ lost }) => {
    lost('connection refused');
    return { send: () => {}, close: async () => {} };
  },
};

interface Ran {
  code: ExitCode;
  out: string;
  err: string;
  asked: string[];
}

async function run(
  line: string,
  routes: OrderRoute[],
  hosts: Record<string, number> = HOSTS,
  types?: string,
): Promise<Ran> {
  const ran: Ran = { code: EXIT.done, out: '', err: '', asked: [] };
  const client = orderClient(clientSetup(ANNA), routes);
  ran.code = await runCommand(line.split(' '), {
    version: '9.9.9',
    connect: async () => ok(boardOverFrames(client, new Map(Object.entries(hosts)))),
    terminal: {
      out: (text) => {
        ran.out += text;
      },
      err: (text) => {
        ran.err += text;
      },
      interactive: types !== undefined,
      outIsTerminal: false,
      input: async () => '',
      ask: async (question) => {
        ran.asked.push(question);
        return types ?? '';
      },
      onStop: (fn) => fn(),
      size: () => ({ columns: 200, rows: 40 }),
    },
  });
  return ran;
}

function lineOnly(fake: FakeOrders): OrderRoute[] {
  return [memoryRoute(fake, LINE), deadBroker];
}

test('with the broker dead a fence goes over the line, and says how it was proven', async () => {
  const fake = fakeOrders();
  const { code, out, asked } = await run('fence phobos', lineOnly(fake), HOSTS, 'yes');
  assert.is(code, EXIT.done);
  assert.match(out, /fenced phobos: verified off, untested: no drill yet/);
  assert.match(asked[0] ?? '', /Cut the power of phobos \(alive, incarnation 1a2b3c4d\)/);
  assert.equal(fake.accepted[0]?.order.host, 2);
  assert.is(fake.published.length, 0);
});

test('status shows what a line can tell, and why it is no more', async () => {
  const all = await run('status', lineOnly(fakeOrders()));
  assert.is(all.code, EXIT.done);
  assert.equal(all.out.split('\n').slice(0, 2), [
    'deimos: alive, incarnation 1a2b3c4d, power reads on',
    'phobos: alive, incarnation 1a2b3c4d, power reads on',
  ]);
  assert.match(all.out, /No more than that: a serial line carries no lists; the broker is not con/);
  const one = await run('status phobos --json', lineOnly(fakeOrders()));
  const { brief, hosts } = JSON.parse(one.out);
  assert.equal([brief, hosts.length, hosts[0].name, hosts[0].reading], [true, 1, 'phobos', 'on']);
});

test('ls, why and watch are refused over a line alone, with the ways on: half a list misleads', async () => {
  for (const line of ['ls', 'why phobos', 'watch']) {
    const { code, out, err } = await run(line, lineOnly(fakeOrders()));
    assert.equal([code, out], [EXIT.notDone, ''], line);
    assert.match(err, /carries no lists; the broker is not .*refused\. Ask on the board/, line);
  }
});

test('with both ways everything can be asked, and an order acts once', async () => {
  const fake = fakeOrders();
  const routes = [memoryRoute(fake, LINE), memoryRoute(fake)];
  assert.match((await run('ls', routes)).out, /member count {2}2/);
  assert.match((await run('why deimos', routes)).out, /deimos was fenced: verified/);
  assert.is((await run('fence deimos', routes)).code, EXIT.done);
  assert.is(new Set(fake.accepted.map(({ order }) => order.cmdId.join())).size, 1);
});

test('numbers that differ from the list of the board: nothing is ordered, and both are named', async () => {
  const fake = fakeOrders();
  const routes = [memoryRoute(fake, LINE), memoryRoute(fake)];
  for (const line of ['fence phobos', 'status', 'ls']) {
    const { code, err } = await run(line, routes, { deimos: 2, phobos: 1 });
    assert.is(code, EXIT.wrongUse, line);
    assert.match(err, /deimos is host 2 in fencepost\.toml and host 1 on the board; write/);
  }
  assert.is(fake.accepted.length, 0);
});

test('a host that is in neither list is unknown, and a key without a view may still order', async () => {
  const fake = fakeOrders();
  const { code, err } = await run('fence mars', lineOnly(fake));
  assert.is(code, EXIT.wrongUse);
  assert.match(err, /no host is called mars; the hosts are: deimos, phobos/);
  assert.is(fake.accepted.length, 0);
});

test.run();
