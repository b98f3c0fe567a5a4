/** What the world of the handshake is made of: two sessions, the line between them, and a pocket. */
import { keyRing, parseKeys } from '../../protocol/wire/keys.ts';
import { type AgentSessions, agentSessions } from '../../protocol/wire/session/agent.ts';
import { type EchoCell, type HostSession, hostSession } from '../../protocol/wire/session/host.ts';
import { newTicks, type TickLog } from '../../protocol/wire/ticks.ts';
import type { PlainRules } from './plain.ts';
import { standInCrypto } from './stand-in-crypto.ts';

export const PERIOD_MS = 1_000;
export const FRESH_MS: number = 2 * PERIOD_MS;
export const HOST = 1;

const { crypto, numbers } = standInCrypto();
const parsed = parseKeys(`host alpha 1 ${Buffer.alloc(32, 1).toString('base64')}`);
if (!parsed.ok) throw new Error('the keys of this world are good');
const ring = keyRing(crypto, parsed.keys);

/** What differs between states of sessions; the rest is setup, counters, or the ring's. */
export const RULES: PlainRules = {
  shared: numbers,
  leftOut: new Set(['setup', 'refusals', 'counts', 'key']),
};

/** A frame on the line or in the pocket. */
export interface Frame {
  bytes: Uint8Array;
  goes: 'up' | 'down';
  /** Which life of the board and of the host sent it, or would have to take it, and when. */
  sentAt: number;
  board: number;
  host: number;
  shim: number;
}

/** The whole world. */
export interface State {
  now: number;
  /** Lives of the board, of the machine and of its shim. */
  board: number;
  host: number;
  shim: number;
  agent: AgentSessions;
  /** When each tick was issued follows from the first: one a period. */
  firstTickAt: number;
  latestTick: number;
  session: HostSession;
  echo: EchoCell;
  dueAt: number;
  drawnByBoard: number;
  drawnByHost: number;
  wire: Frame[];
  pocket: Frame[];
  /** Keys under which the present board has opened a session, and the last number taken under each. */
  opened: { key: number; seq: number }[];
  /** Keys of the sessions that stood on the host's side since its shim started. */
  stood: number[];
  /** The latest life of the host that was heard by the present board. */
  heardHost: number;
  tricksLeft: number;
  restartsLeft: number;
}

/** One step under way. */
export interface Scene {
  state: State;
  broken: string[];
  say: ((line: string) => void) | undefined;
}

function nonce(who: number, life: number, count: number): Uint8Array {
  return new Uint8Array([who, life, count, 0, 0, 0, 0, 0]);
}

/** One log for all states, filled anew for each. */
const LOG = newTicks();

/** The ticks that this life of the board has issued. */
export function ticksOf({ firstTickAt, latestTick }: State): TickLog {
  LOG.latest = latestTick;
  for (let tick = 1; tick <= latestTick; tick += 1) {
    LOG.issuedAt[tick] = firstTickAt + (tick - 1) * PERIOD_MS;
  }
  return LOG;
}

/** The board's sessions in a new life. */
export function newAgent(life: number, draw: () => Uint8Array): AgentSessions {
  const hosts = [{ host: HOST, name: 'alpha', freshnessMs: FRESH_MS, keepaliveMs: PERIOD_MS }];
  return agentSessions({ crypto, agent: 7, aNonce: nonce(1, life, 0), hosts, ring, draw });
}

/** The shim's session of a machine's life. */
export function newSession(incarnation: number, echo: EchoCell): HostSession {
  return hostSession({
    ...{ crypto, ring, host: HOST, hostName: 'alpha', agent: 7, channel: 'serial', incarnation },
    ...{ keepaliveMs: PERIOD_MS, beaconMs: PERIOD_MS, echo },
  });
}

/** The state whose sessions are being stepped: nonces are drawn from its counters. */
export const present: { state: State | undefined } = { state: undefined };

/** Nonces count within the life that draws them. */
export function drawForBoard(): Uint8Array {
  const state = present.state as State;
  state.drawnByBoard += 1;
  return nonce(1, state.board, state.drawnByBoard);
}

/** The same for the shim. */
export function drawForHost(): Uint8Array {
  const state = present.state as State;
  state.drawnByHost += 1;
  return nonce(2, state.shim, state.drawnByHost);
}

/** The number of a key; 0 for none. */
export function numberOf(key: object | undefined): number {
  return (key === undefined ? undefined : numbers.get(key)) ?? 0;
}
