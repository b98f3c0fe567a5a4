/** The MQTT link against an embedded broker, over paths that break with and without a word. */
import { type AddressInfo, createServer } from 'node:net';
import {
  type MessageAbout,
  type MqttLink,
  type MqttSetup,
  mqttLink,
} from '../../../protocol/link/mqtt.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { type EmbeddedBroker, embeddedBroker } from '../../lib/brokers/embedded.ts';
import { openPath, type Path, type PathDirection } from '../../lib/brokers/path.ts';
import { assert, suite } from '../../lib/suite.ts';
import { pause, until } from '../../lib/until.ts';

const TOPIC = 'fencepost/board/host/web/up';
const BEAT = Uint8Array.of(0x85, 5, 0, 7);
const KEEPALIVE_S = 1;
/** A dead path is lost after at most 1.5 keepalives, here with room for a busy machine. */
const LOST_MS_MAX = KEEPALIVE_S * 1_500 + 700;
const test = suite('mqtt link');
const ends: End[] = [];
const CONNACK = [0x20, 2, 0, 0];

interface End {
  link: MqttLink;
  said: string[];
  messages: { topic: string; payload: Uint8Array; about: MessageAbout }[];
  /** When pings were sent that were answered, when the answer came, and from which machine. */
  answers: { askedAt: number; atMs: number; isHere: boolean }[];
}

function openEnd(url: string, change: Partial<MqttSetup> = {}): End {
  const said: string[] = [];
  const messages: End['messages'] = [];
  const answers: End['answers'] = [];
  const setup: MqttSetup = {
    url,
    protocol: 4,
    clientId: `end-${Math.round(monotonicMs() * 1_000)}`,
    subscriptions: [{ topic: TOPIC, qos: 0 }],
    packetBytesMax: 1_024,
    backlogBytesMax: 16_384,
    keepaliveS: KEEPALIVE_S,
    connectMsMax: 2_000,
    ...change,
  };
  const link = mqttLink(setup, {
    up: () => said.push('up'),
    lost: (reason) => said.push(`lost: ${reason}`),
    message: (topic, payload, about) => {
      if (said.at(-1) !== 'up') said.push('a message before up');
      messages.push({ topic, payload, about });
    },
    answered: (askedAt, isHere) => answers.push({ askedAt, atMs: monotonicMs(), isHere }),
  });
  const end = { link, said, messages, answers };
  ends.push(end);
  return end;
}

// What a failed test leaves open would keep the process from ending.
test.after.each(async () => {
  await Promise.all(ends.splice(0).map((end) => end.link.close()));
});

async function withBroker(body: (broker: EmbeddedBroker, path: Path) => Promise<void>) {
  const broker = await embeddedBroker({ maySubscribe: (topic) => !topic.includes('secret') });
  const path = await openPath(broker.port);
  try {
    await body(broker, path);
  } finally {
    await path.close();
    await broker.close();
  }
}

const isUp = (end: End) => until('the link is up', () => end.said.at(-1) === 'up');
const isLost = (end: End, limitMs = LOST_MS_MAX) =>
  until('the link is lost', () => end.said.at(-1)?.startsWith('lost') === true, limitMs);

test('what is published comes back through the subscription', () =>
  withBroker(async (broker) => {
    const end = openEnd(broker.url);
    assert.not(end.link.publish(TOPIC, BEAT, { qos: 0 }), 'nothing is taken before up');
    await isUp(end);
    assert.ok(end.link.publish(TOPIC, BEAT, { qos: 0 }));
    assert.ok(end.link.publish(TOPIC, Uint8Array.of(9), { qos: 1 }));
    await until('both messages', () => end.messages.length === 2);
    assert.equal(
      end.messages.map(({ topic, payload }) => [topic, [...payload]]),
      [
        [TOPIC, [...BEAT]],
        [TOPIC, [9]],
      ],
    );
    assert.is(end.messages[0]?.about.retain, false);
    const { messagesIn, messagesOut, dropped } = end.link.counters();
    assert.equal([messagesIn, messagesOut, dropped], [2, 2, 1]);
    await end.link.close();
    await until('the client is gone', () => broker.clients() === 0);
    assert.equal(end.said, ['up'], 'nothing is said after close');
  }));

test('a message that the broker had kept is marked as retained', () =>
  withBroker(async (broker) => {
    broker.publish(TOPIC, BEAT, true);
    const end = openEnd(broker.url);
    await until('the kept message', () => end.messages.length === 1);
    assert.is(end.messages[0]?.about.retain, true);
    await end.link.close();
  }));

test('a refused subscription is lost with its topic, never up', () =>
  withBroker(async (broker) => {
    const end = openEnd(broker.url, {
      subscriptions: [
        { topic: TOPIC, qos: 0 },
        { topic: 'secret/order', qos: 1 },
      ],
    });
    await isLost(end);
    await pause(700);
    assert.is(end.said.length, 1, `once per loss, not ${end.said.join('; ')}`);
    assert.match(end.said[0] ?? '', /refuses to subscribe secret\/order /);
    await end.link.close();
  }));

test('a link that only speaks is up without a subscription', () =>
  withBroker(async (broker) => {
    const end = openEnd(broker.url, { subscriptions: [] });
    await isUp(end);
    assert.ok(end.link.publish(TOPIC, BEAT, { qos: 1 }));
    await end.link.close();
  }));

test('a broker that is not there is said once, and found when it comes', async () => {
  const probe = await embeddedBroker();
  const { port, url } = probe;
  await probe.close();
  const end = openEnd(url);
  await isLost(end);
  assert.match(end.said[0] ?? '', /ECONNREFUSED/);
  const broker = await embeddedBroker({ port });
  await isUp(end);
  assert.is(end.said.length, 2);
  broker.publish(TOPIC, BEAT);
  await until('a message', () => end.messages.length === 1);
  await end.link.close();
  await broker.close();
});

test('a name that cannot be found is said with its name', async () => {
  const end = openEnd('mqtt://broker.invalid:1883');
  await isLost(end, 3_000);
  assert.match(end.said[0] ?? '', /broker\.invalid/);
  await end.link.close();
});

test('a cut connection is lost at once and the subscriptions stand again afterwards', () =>
  withBroker(async (broker, path) => {
    const end = openEnd(path.url);
    await isUp(end);
    path.cut();
    await isLost(end, 300);
    assert.not(end.link.publish(TOPIC, BEAT, { qos: 1 }), 'nothing is queued for later');
    path.heal();
    await isUp(end);
    broker.publish(TOPIC, BEAT);
    await until('a message', () => end.messages.length === 1);
    await pause(50);
    assert.is(end.messages.length, 1, 'what was refused while lost is never delivered');
    await end.link.close();
  }));

test('a path that swallows either way or both is lost in time, though we send', () =>
  withBroker(async (broker) => {
    const swallow = async (path: Path, direction?: PathDirection): Promise<void> => {
      const end = openEnd(path.url);
      await isUp(end);
      path.blackhole(direction);
      const brokeAt = monotonicMs();
      while (end.said.length === 1 && monotonicMs() - brokeAt < LOST_MS_MAX) {
        end.link.publish(TOPIC, BEAT, { qos: 0 });
        await pause(20);
      }
      await isLost(end, 1);
      // A broker that hears nothing may say so first, where its word gets through.
      if (direction !== 'toBroker') assert.match(end.said[1] ?? '', /keepalive/i);
      // Attempts into the hole end by their own limit.
      await until('an attempt was given up', () => /no answer/.test(end.link.counters().reason));
      assert.is(end.said.length, 2);
      path.heal();
      await isUp(end);
      const before = end.messages.length;
      broker.publish(TOPIC, BEAT);
      await until('a message', () => end.messages.length > before);
      await end.link.close();
    };
    const paths = await Promise.all([1, 2, 3].map(() => openPath(broker.port)));
    try {
      const directions = ['toBroker', 'toClient', undefined] as const;
      await Promise.all(paths.map((path, i) => swallow(path, directions[i])));
    } finally {
      await Promise.all(paths.map((path) => path.close()));
    }
  }));

test('an answered ping is dated back to when it was sent, however long its answer took', () =>
  withBroker(async (_broker, path) => {
    const slowMs = 200;
    const end = openEnd(path.url);
    await isUp(end);
    path.slow('toClient', slowMs);
    await until('two pings were answered', () => end.answers.length > 1, 4_000);
    path.blackhole('toClient');
    const { length } = end.answers;
    await isLost(end);
    assert.is(end.answers.length, length, 'what was not answered is no answer');
    const { askedAt = 0, atMs = 0 } = end.answers.at(-1) ?? {};
    assert.ok(atMs - askedAt >= slowMs - 5, `dated ${atMs - askedAt} ms back`);
    assert.ok(
      end.answers.every(({ isHere }) => isHere),
      'a loopback shows nothing of our reach',
    );
  }));

test('a socket that takes no more fills the backlog and no further', () =>
  withBroker(async (_broker, path) => {
    const end = openEnd(path.url, { keepaliveS: 30 });
    await isUp(end);
    path.stall();
    const payload = new Uint8Array(900);
    const startedAt = monotonicMs();
    // The kernel takes some megabytes first.
    let taken = 0;
    for (let turn = 0; turn < 1_000; turn += 1) {
      let refused = 0;
      for (let i = 0; i < 50; i += 1) {
        if (end.link.publish(TOPIC, payload, { qos: 0 })) taken += 1;
        else refused += 1;
      }
      if (refused === 50) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(monotonicMs() - startedAt < 5_000);
    assert.ok(end.link.counters().dropped >= 50, 'the backlog never filled');
    assert.is(end.link.counters().messagesOut, taken);
    assert.not(end.link.publish(TOPIC, payload, { qos: 1 }));
    await end.link.close();
  }));

test('QoS 1 messages without an answer count as backlog', () =>
  withBroker(async (_broker, path) => {
    const end = openEnd(path.url, { keepaliveS: 30, backlogBytesMax: 4_096 });
    await isUp(end);
    path.blackhole('toClient');
    let taken = 0;
    for (let i = 0; i < 100; i += 1) {
      if (end.link.publish(TOPIC, new Uint8Array(500), { qos: 1 })) taken += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(taken > 0 && taken < 10, `${taken} taken`);
    await end.link.close();
  }));

test('a message over the limit is counted and dropped, and the link stays up', () =>
  withBroker(async (broker) => {
    const end = openEnd(broker.url);
    await isUp(end);
    broker.publish(TOPIC, new Uint8Array(100_000));
    broker.publish(TOPIC, BEAT);
    await until('the message after it', () => end.messages.length === 1);
    assert.equal(end.messages[0]?.payload, BEAT);
    assert.is(end.link.counters().oversize, 1);
    assert.equal(end.said, ['up']);
    await end.link.close();
  }));

test('a turn of the loop hands over so many messages and leaves the rest for the next', async () => {
  const PACKETS = 3_000;
  const FLOODS = 6;
  const packet = [0x30, 5, 0, 1, 0x61, 1, 2];
  const flood = Buffer.from(Array.from({ length: PACKETS }, () => packet).flat());
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (bytes[0] === 0x10) socket.write(Uint8Array.from(CONNACK));
      // The answer to SUBSCRIBE repeats its number; the flood follows at once.
      const suback = Buffer.of(0x90, 3, bytes[2] ?? 0, bytes[3] ?? 0, 0);
      if (bytes[0] === 0x82)
        socket.write(Buffer.concat([suback, ...Array<Buffer>(FLOODS).fill(flood)]));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve).unref();
  });
  const end = openEnd(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await isUp(end);
  let handed = end.messages.length;
  let most = 0;
  const startedAt = monotonicMs();
  while (handed < FLOODS * PACKETS && monotonicMs() - startedAt < 5_000) {
    const before = handed;
    await new Promise((resolve) => setImmediate(resolve));
    handed = end.messages.length;
    most = Math.max(most, handed - before);
  }
  assert.is(handed, FLOODS * PACKETS);
  // One budget, and the packet that goes beyond it.
  assert.ok(most * packet.length < 32_768 + packet.length, `${most} in one turn`);
  assert.equal(end.said, ['up']);
  await end.link.close();
  server.close();
});

/** Connects the link to a server that answers with the given bytes, and gives what it said. */
async function saidTo(answer: Uint8Array): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(answer));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve).unref();
  });
  const end = openEnd(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await isLost(end, 3_000);
  await end.link.close();
  server.close();
  return end.said.join('; ');
}

test('a packet that claims too much ends the connection when its header is read', async () => {
  assert.match(await saidTo(Uint8Array.of(...CONNACK, 0x30, 0xff, 0xff, 0xff, 0x7f)), /268435460/);
  assert.match(await saidTo(Uint8Array.of(...CONNACK, 0x30, 0xff, 0xff, 0xff, 0xff)), /Infinity/);
});

test('bytes that are no MQTT are lost with a reason, and nothing is thrown', async () => {
  const garbage: number[][] = [
    [0xff, 0],
    [...CONNACK, ...CONNACK],
    [...CONNACK, 0x30, 1, 0],
    [...CONNACK, 0x30, 3, 0, 9, 0x61],
    [...CONNACK, 0x90, 2, 0, 1],
    [...CONNACK, 0x40, 0],
    [0x20, 2, 0, 5],
    [0x20, 0],
    [0x22, 2, 0, 0],
    [0x00, 0x00],
  ];
  for (const bytes of garbage) {
    assert.match(await saidTo(Uint8Array.from(bytes)), /^lost: .+/, `${bytes}`);
  }
});

test('the will is sent when the path breaks and withheld after a goodbye', () =>
  withBroker(async (broker, path) => {
    const witness = openEnd(broker.url);
    await isUp(witness);
    const will = { topic: TOPIC, payload: BEAT, retain: false, qos: 0 as const };
    const polite = openEnd(broker.url, { will });
    await isUp(polite);
    await polite.link.close();
    const torn = openEnd(path.url, { will });
    await isUp(torn);
    await pause(50);
    assert.is(witness.messages.length, 0, 'a goodbye sends no will');
    path.cut();
    await until('the will', () => witness.messages.length === 1);
    await Promise.all([torn.link.close(), witness.link.close()]);
  }));

test.run();
