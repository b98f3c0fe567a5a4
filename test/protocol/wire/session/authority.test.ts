/**
 * Who may say what: every kind of key, for every message, path, direction and name that it may be
 * said in, at every door that takes frames. Only the permitted cells pass. What is permitted is
 * written here by hand, apart from the table that the code works by.
 */
import { encodeBody, macHead } from '../../../../protocol/wire/codec.ts';
import type { Key } from '../../../../protocol/wire/crypto.ts';
import type { Role } from '../../../../protocol/wire/keys.ts';
import type {
  Channel,
  Direction,
  Message,
  MessageKind,
} from '../../../../protocol/wire/messages.ts';
import { receive } from '../../../../protocol/wire/session/agent.ts';
import { openAnswer, openOrderer } from '../../../../protocol/wire/session/orderer.ts';
import { assert, suite } from '../../../lib/suite.ts';
import { crypto, ring } from '../lib/keys.ts';
import { SAMPLES } from '../lib/samples.ts';
import { type Agent, type Host, run, startAgent, startHost, tell, world } from '../lib/world.ts';

const test = suite('authority matrix');

type Purpose = 'handshake' | 'session root' | 'session-up' | 'session-down' | 'order';
type Side = 'board for hosts' | 'board for orderers' | 'host' | 'orderer';

/** Who makes it, with what, who takes it; and how long its tag is. */
const RULES: Record<MessageKind, [Direction, Purpose, Side, 8 | 16]> = {
  solicit: ['up', 'handshake', 'board for hosts', 16],
  hello: ['up', 'handshake', 'board for hosts', 16],
  beat: ['up', 'session-up', 'board for hosts', 8],
  kick: ['up', 'session-up', 'board for hosts', 16],
  claim: ['up', 'session-up', 'board for hosts', 16],
  release: ['up', 'session-up', 'board for hosts', 16],
  leaving: ['up', 'session-up', 'board for hosts', 16],
  left: ['up', 'session-up', 'board for hosts', 16],
  pledge: ['up', 'session-up', 'board for hosts', 16],
  beacon: ['down', 'handshake', 'host', 8],
  welcome: ['down', 'handshake', 'host', 16],
  alive: ['down', 'session-down', 'host', 8],
  timer: ['down', 'session-down', 'host', 16],
  grant: ['down', 'session-down', 'host', 16],
  leavingSeen: ['down', 'session-down', 'host', 16],
  leftSeen: ['down', 'session-down', 'host', 16],
  pledgeSeen: ['down', 'session-down', 'host', 16],
  away: ['down', 'session-down', 'host', 16],
  query: ['up', 'order', 'board for orderers', 16],
  order: ['up', 'order', 'board for orderers', 16],
  state: ['down', 'order', 'orderer', 16],
  result: ['down', 'order', 'orderer', 16],
};
const KINDS = Object.keys(RULES) as MessageKind[];
const CHANNELS = ['serial', 'mqtt', 'socket'] as const;
const HEADS = CHANNELS.flatMap((channel) =>
  (['up', 'down'] as const).map((way): [Channel, Direction] => [channel, way]),
);
const HOSTS = { alpha: 1, beta: 2 } as const;
const ORDERERS = { 'alpha-pcmk': 11, anna: 10 } as const;
const NUMBER: Record<string, number> = { ...HOSTS, ...ORDERERS };
const NAMES = new Map(Object.entries(ORDERERS).map(([name, number]) => [number, name]));

interface Made {
  key: Key;
  purpose: Purpose;
  owner: string;
  /** Of a session: its own. */
  channel?: Channel;
}

interface Door {
  side: Side;
  /** Whose path it is; the board's door for orderers is everybody's. */
  owner?: string;
  channel: Channel;
}

interface Site {
  agent: Agent;
  hosts: Map<string, Host>;
  now: number;
}

/** A board and two hosts with sessions on two channels, about to leave if that is what is asked. */
function site(kind: MessageKind): Site {
  const w = world(77);
  const agent = startAgent(w);
  const hosts = new Map(
    Object.entries(HOSTS).map(([name, host]) => [
      name,
      startHost(w, host, `boot-${host}`, ['serial', 'mqtt']),
    ]),
  );
  run(w, 4_500);
  // The answers stay out: the next word of the board is the one that is tried.
  w.path = ({ direction }) => (direction === 'down' ? [] : [10]);
  for (const host of hosts.values()) {
    for (const channel of host.channels.keys()) {
      if (kind === 'leavingSeen') {
        tell(w, host, channel, { kind: 'leave', reason: 'stop', returnByS: 60 });
      }
      if (kind === 'pledgeSeen') {
        tell(w, host, channel, { kind: 'pledge', timeout: 300, watchdog: 100, flags: 7 });
      }
      if (kind === 'leftSeen') tell(w, host, channel, { kind: 'leftNow', reason: 'stop' });
    }
  }
  return { agent, hosts, now: w.now };
}

function keysOf({ agent }: Site): Made[] {
  const roots = (['host', 'order', 'admin'] as Role[]).flatMap((role) =>
    ['alpha', 'beta', 'alpha-pcmk', 'anna'].flatMap((owner): Made[] => {
      const key = ring.find(role, owner, 1);
      if (key === undefined) return [];
      return [
        { key: key.handshake(), purpose: 'handshake', owner },
        { key: key.session(), purpose: 'session root', owner },
        { key: key.order(), purpose: 'order', owner },
      ];
    }),
  );
  const sessions = Object.entries(HOSTS).flatMap(([owner, host]) =>
    (['serial', 'mqtt'] as const).flatMap((channel): Made[] => {
      const standing = agent.sessions.table[host]?.paths[channel]?.standing;
      if (standing === undefined) throw new Error(`no session of ${owner}`);
      return [
        { key: standing.up, purpose: 'session-up', owner, channel },
        { key: standing.down, purpose: 'session-down', owner, channel },
      ];
    }),
  );
  // A host's key also has a root for orders, and an orderer's one for handshakes: of no use.
  return [...roots, ...sessions];
}

const DOORS: Door[] = CHANNELS.flatMap((channel) => [
  ...Object.keys(HOSTS).map((owner): Door => ({ side: 'board for hosts', owner, channel })),
  { side: 'board for orderers', channel },
  ...Object.keys(ORDERERS).map((owner): Door => ({ side: 'orderer', owner, channel })),
  ...(channel === 'socket' ? [] : Object.keys(HOSTS)).map(
    (owner): Door => ({ side: 'host', owner, channel }),
  ),
]);

/** Everything in it is what the door waits for; only the name in it may be another's. */
function messageFor(at: Site, kind: MessageKind, claimed: string, door: Door): Message {
  const { aNonce } = at.agent.sessions.setup;
  const tick = at.agent.ticks.latest;
  const line = at.hosts.get(door.owner ?? '')?.channels.get(door.channel)?.session;
  const own = line?.standing[0];
  const host = NUMBER[claimed] ?? 0;
  const filled: Record<string, unknown> = {
    ...SAMPLES[kind],
    kid: 1,
    aNonce,
    tick: kind === 'hello' ? tick : tick + 1,
    echo: tick,
    seq: 500,
    reason: 1,
    heard: own?.lastSeq ?? 0,
  };
  if (kind === 'hello' || kind === 'welcome') {
    filled['hNonce'] = kind === 'welcome' ? line?.lives[0]?.hNonce : new Uint8Array(8).fill(9);
    filled['hNonce'] ??= new Uint8Array(8);
  }
  const isOfOrderer = 'orderer' in SAMPLES[kind];
  if (isOfOrderer) filled['orderer'] = host;
  else if ('host' in SAMPLES[kind]) filled['host'] = host;
  return filled as unknown as Message;
}

function seal(made: Made, kind: MessageKind, body: Uint8Array, head: Uint8Array): Uint8Array {
  const [, , , tagBytes] = RULES[kind];
  const tag = crypto.mac(made.key, head, body, tagBytes);
  return Uint8Array.of(...body, 0x40 | tagBytes, ...tag);
}

/** Whether the door took it for good. */
function knock(at: Site, door: Door, bytes: Uint8Array): boolean {
  const { channel, owner = '' } = door;
  switch (door.side) {
    case 'board for hosts': {
      const from = { channel, host: NUMBER[owner] ?? 0 };
      const { sessions, ticks } = at.agent;
      const got = receive(sessions, from, bytes, ticks, at.now);
      assert.is(got.opened === undefined, got.refused !== undefined);
      return got.opened !== undefined;
    }
    case 'board for orderers':
      return !('refused' in openOrderer(crypto, ring, NAMES, channel, bytes));
    case 'orderer': {
      const self = { orderer: NUMBER[owner] ?? 0, name: owner };
      return !('refused' in openAnswer(crypto, ring, self, channel, bytes));
    }
    case 'host': {
      const w = world(1);
      w.now = at.now;
      const host = at.hosts.get(owner);
      const session = host?.channels.get(channel)?.session;
      if (host === undefined || session === undefined) throw new Error(owner);
      const count = (): number => Object.values(session.refusals).reduce((a, b) => a + b, 0);
      const before = count();
      tell(w, host, channel, { kind: 'frame', bytes });
      return count() === before;
    }
  }
}

interface Cell {
  door: Door;
  kind: MessageKind;
  claimed: string;
  made: Made;
  channel: Channel;
  direction: Direction;
}

function isPermitted({ door, kind, claimed, made, channel, direction }: Cell): boolean {
  const [way, purpose, side] = RULES[kind];
  if (door.side !== side || direction !== way || channel !== door.channel) return false;
  if (made.purpose !== purpose) return false;
  if (made.channel !== undefined && made.channel !== door.channel) return false;
  // A beacon and an ALIVE name no host: their key does.
  const isNamed = 'host' in SAMPLES[kind] || 'orderer' in SAMPLES[kind];
  if (isNamed && made.owner !== claimed) return false;
  const isOrderer = made.owner in ORDERERS;
  if (isOrderer !== (purpose === 'order')) return false;
  return door.owner === undefined || door.owner === made.owner;
}

function nameOfCell({ door, kind, claimed, made, channel, direction }: Cell): string {
  const key = `${made.purpose} of ${made.owner} ${made.channel ?? ''}`;
  const where = `${door.side} ${door.owner ?? ''} ${door.channel}`;
  return `${kind} as ${claimed} by ${key}, made for ${channel} ${direction}, at ${where}`;
}

/** Tries every key and MAC on one message at one door; a site that took something is made anew. */
function tryAll(
  start: Site,
  place: Pick<Cell, 'door' | 'kind' | 'claimed'>,
  passed: Set<string>,
): Site {
  const { door, kind, claimed } = place;
  let at = start;
  let keys = keysOf(at);
  let body = encodeBody(messageFor(at, kind, claimed, door));
  for (let n = 0; n < keys.length; n += 1) {
    for (const [channel, direction] of HEADS) {
      const made = keys[n];
      if (made === undefined) throw new Error('the keys of a site are as many as of any other');
      const cell = { ...place, made, channel, direction };
      const took = knock(at, door, seal(made, kind, body, macHead(channel, direction)));
      if (took !== isPermitted(cell)) assert.unreachable(`${took}: ${nameOfCell(cell)}`);
      if (!took) continue;
      passed.add(`${kind} by ${made.purpose} of ${made.owner}`);
      at = site(kind);
      keys = keysOf(at);
      body = encodeBody(messageFor(at, kind, claimed, door));
    }
  }
  return at;
}

test('every key x message x name x path x direction at every door: only the permitted pass', () => {
  const passed = new Set<string>();
  for (const kind of KINDS) {
    let at = site(kind);
    assert.is(keysOf(at).length, 4 * 3 + 2 * 2 * 2, 'three of each holder, two of each session');
    const names = 'orderer' in SAMPLES[kind] ? Object.keys(ORDERERS) : Object.keys(HOSTS);
    for (const door of DOORS) {
      for (const claimed of names) at = tryAll(at, { door, kind, claimed }, passed);
    }
  }
  // Each message of a host passes for both hosts, each of an orderer for both of those.
  assert.is(passed.size, 2 * KINDS.length, [...passed].join('\n'));
});

test.run();
