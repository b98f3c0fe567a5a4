/** One message of every kind, with values that show in a dump where they are. */
import type { Channel, Message, MessageKind } from '../../../../protocol/wire/messages.ts';

const nonce = (value: number): Uint8Array => new Uint8Array(8).fill(value);
const id = (value: number): Uint8Array => new Uint8Array(16).fill(value);

export const SAMPLES: { [K in MessageKind]: Extract<Message, { kind: K }> } = {
  beacon: { kind: 'beacon', kid: 1, agent: 7, aNonce: nonce(0xa1), tick: 100_000 },
  solicit: { kind: 'solicit', kid: 1, host: 1, sNonce: nonce(0x51) },
  hello: {
    kind: 'hello',
    kid: 1,
    host: 1,
    aNonce: nonce(0xa1),
    tick: 100_000,
    hNonce: nonce(0xb2),
    incarnation: 0xdead_beef,
  },
  welcome: {
    kind: 'welcome',
    kid: 1,
    host: 1,
    hNonce: nonce(0xb2),
    wNonce: nonce(0xc3),
    tick: 100_001,
  },
  beat: { kind: 'beat', kid: 1, host: 1, seq: 1_000, echo: 100_001, flags: 0x05 },
  alive: { kind: 'alive', kid: 1, tick: 100_002, heard: 1_000 },
  leaving: {
    kind: 'leaving',
    kid: 1,
    host: 1,
    seq: 1_001,
    echo: 100_002,
    reason: 2,
    returnByS: 300,
  },
  leavingSeen: { kind: 'leavingSeen', kid: 1, tick: 100_003, heard: 1_001 },
  left: { kind: 'left', kid: 1, host: 1, seq: 1_002, echo: 100_003, reason: 3 },
  leftSeen: { kind: 'leftSeen', kid: 1, tick: 100_004, heard: 1_002 },
  query: { kind: 'query', kid: 1, orderer: 11, agent: 7, queryId: id(0x11), host: 1, view: 2 },
  state: {
    kind: 'state',
    kid: 1,
    orderer: 11,
    agent: 7,
    queryId: id(0x11),
    aNonce: nonce(0xa1),
    tick: 100_005,
    host: 1,
    incarnation: 0xdead_beef,
    reading: 1,
    phase: 1,
    body: new TextEncoder().encode('{"name":"alpha"}'),
  },
  order: {
    kind: 'order',
    kid: 1,
    orderer: 11,
    agent: 7,
    cmdId: id(0x22),
    aNonce: nonce(0xa1),
    tick: 100_005,
    host: 1,
    incarnation: 0,
    op: 1,
    args: new Uint8Array(0),
    ttlMs: 10_000,
  },
  result: {
    kind: 'result',
    kid: 1,
    orderer: 11,
    cmdId: id(0x22),
    agent: 7,
    host: 1,
    incarnation: 0xdead_beef,
    outcome: 2,
    proof: 1,
    tick: 100_020,
    detail: new Uint8Array([0]),
  },
  kick: {
    kind: 'kick',
    kid: 1,
    host: 1,
    seq: 1_003,
    echo: 100_021,
    op: 9,
    count: 5,
    args: Uint8Array.of(4, 3, 3, 3, 0x01, 0x2c, 0x00, 0x64),
  },
  timer: {
    kind: 'timer',
    kid: 1,
    tick: 100_022,
    heard: 1_003,
    timer: 1,
    remaining: 300,
    args: Uint8Array.of(4, 3, 3, 3, 0x01, 0x2c, 0x00, 0x64),
  },
  pledge: {
    kind: 'pledge',
    kid: 1,
    host: 1,
    seq: 1_004,
    echo: 100_022,
    timeout: 300,
    watchdog: 100,
    flags: 7,
  },
  pledgeSeen: { kind: 'pledgeSeen', kid: 1, tick: 100_023, heard: 1_004 },
  away: { kind: 'away', kid: 1, tick: 100_024, returnByS: 600 },
};

/** The sample as that channel carries it: over serial a STATE has no body. */
export function sampleOn(channel: Channel, kind: MessageKind): Message {
  const message = SAMPLES[kind];
  const isBare = channel === 'serial' && message.kind === 'state';
  return isBare ? { ...message, body: new Uint8Array() } : message;
}
