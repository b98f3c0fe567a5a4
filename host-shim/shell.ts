/**
 * The shim's loop: links and the clock on one side, `core/shim.ts` on the other.
 *
 * It hands every event to the core with the time of its arrival and does what the core says, in
 * that order; it decides nothing. One timer waits for the core's next deadline. All times are
 * monotonic.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { after, monotonicMs, type Timer } from '../protocol/link/timers.ts';
import type { Result } from '../protocol/result.ts';
import type { Crypto } from '../protocol/wire/crypto.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import type { KeyEntry, KeyRing } from '../protocol/wire/keys.ts';
import { type Channel, FLAG_SUSPENDED, type LeaveReason } from '../protocol/wire/messages.ts';
import type { HostNews } from '../protocol/wire/session/host.ts';
import { tenths } from '../protocol/wire/timer.ts';
import type { ShimConfig } from './config/shim-config.ts';
import { type GroupStates, groupStates, type Remembered } from './core/groups.ts';
import { newShim, type Shim, type ShimEffect, type ShimEvent, stepShim } from './core/shim.ts';
import { type ChannelEvents, type ChannelPath, mqttPath, serialPath } from './drivers/channels.ts';
import { type GroupDesk, groupDesk } from './groups.ts';
import type { GuardWords, HostGuard } from './guard.ts';
import { type Relay, relay } from './relay.ts';

export interface ShimSetup {
  config: ShimConfig;
  crypto: Crypto;
  ring: KeyRing;
  incarnation: number;
  guard: HostGuard;
  /** What an earlier shim of this boot held, and where what is held now is remembered. */
  remembered: Remembered;
  remember: (held: readonly number[]) => Result<void>;
  say: Say;
  /** Says a line to every program that is connected to the shim's socket. */
  tellLocal: (line: string) => void;
}

/** One sentence for the log. */
export type Say = (level: 'info' | 'warn', sentence: string) => void;

export interface ShimShell {
  /** Carries orders of local programs over the serial line. */
  relay: Relay;
  /** Claims and releases groups of resources for local programs. */
  groups: GroupDesk;
  /**
   * Takes leave of the board: LEAVING, then LEFT, each waited for within bounds. Resolves when
   * nothing more will be sent, with whether the board said that it heard. Asked again while it
   * runs, it waits for the same end.
   */
  leave(reason: LeaveReason, returnByS: number): Promise<{ told: boolean }>;
  /**
   * Uses these keys from now on; one of them is this host's. Answers the kid that it sends with:
   * the present sessions serve until one under that stands.
   */
  takeKeys(keys: readonly KeyEntry[]): number | undefined;
  /** A local program says that it is well: refreshes a timer of mode `kick`. */
  kick(): void;
  /** Closes the links without a word, as a crash would. */
  close(): Promise<void>;
}

const NONCE_BYTES = 8;

/** Starts beating on every configured channel. */
export function runShim(setup: ShimSetup): ShimShell {
  const { config, ring, guard, say } = setup;
  const paths = new Map<Channel, ChannelPath>();
  const leavers: ((end: { told: boolean }) => void)[] = [];
  let gone: { told: boolean } | undefined;
  let timer: Timer | undefined;
  let nextAt = Number.POSITIVE_INFINITY;
  const shim = shimOf(setup);

  const carryOut = (effect: ShimEffect): void => {
    if (effect.kind === 'send') return paths.get(effect.channel)?.send(effect.frame);
    if (effect.kind === 'news') return onNews(effect, guard, say);
    if (effect.kind !== 'gone') return groups.carry(effect);
    gone = { told: effect.told };
    guard.end(effect.told);
    for (const resolve of leavers.splice(0)) resolve(gone);
  };
  const take = (event: ShimEvent): void => {
    guard.look();
    const now = monotonicMs();
    const { effects, dueAt } = stepShim(shim, event, now, () => randomBytes(NONCE_BYTES));
    timer?.cancel();
    nextAt = dueAt;
    timer = Number.isFinite(dueAt)
      ? after(Math.ceil(Math.max(0, dueAt - now)), () => take({ kind: 'due' }))
      : undefined;
    for (const effect of effects) carryOut(effect);
    tellGuard();
  };
  const tellGuard = guardTeller(guard, take);

  const names = config.groups;
  const states = (): GroupStates => groupStates(shim.groups, [...names.values()]);
  const groups = groupDesk({ names, record: setup.remember, take, states, say });
  const { serial, mqtt, agent, host } = config;
  const orders = relay({
    ...(serial && { baud: serial.baud }),
    send: (frame) => paths.get('serial')?.send(frame),
    freeMs: () => nextAt - monotonicMs(),
    tell: setup.tellLocal,
  });
  if (serial !== undefined)
    paths.set('serial', serialPath(serial, eventsOf('serial', take, say, orders)));
  if (mqtt !== undefined) {
    const answered = (askedAt: Instant): void => guard.contact('broker', askedAt);
    const events = { ...eventsOf('mqtt', take, say), answered };
    paths.set('mqtt', mqttPath(mqtt, { agent: agent.name, host: host.name }, events));
  }

  return {
    relay: orders,
    groups,
    leave: (reason, returnByS) =>
      new Promise((resolve) => {
        if (gone !== undefined) return resolve(gone);
        leavers.push(resolve);
        take({ kind: 'leave', reason, returnByS, patient: guard.isArmed() });
      }),
    takeKeys: (keys) => {
      ring.take(keys);
      return ring.sending('host', config.host.name)?.kid;
    },
    kick: () => take({ kind: 'kick' }),
    close: async () => {
      timer?.cancel();
      await Promise.all([...paths.values()].map((path) => path.close()));
    },
  };
}

/** What this host would do without the board, told to it as soon as that changes. */
function guardTeller(guard: HostGuard, take: (event: ShimEvent) => void): () => void {
  let told: GuardWords = { suspended: false };
  return () => {
    const was = told;
    told = guard.words();
    if (was.suspended !== told.suspended)
      take({ kind: 'flags', flags: told.suspended ? FLAG_SUSPENDED : 0 });
    const { pledge } = told;
    if (pledge === undefined || isDeepStrictEqual(pledge, was.pledge)) return;
    const { timeoutMs, watchdogMs, flags } = pledge;
    take({ kind: 'pledge', timeout: tenths(timeoutMs), watchdog: tenths(watchdogMs), flags });
  };
}

function shimOf({ config, crypto, ring, incarnation, remembered }: ShimSetup): Shim {
  const { host, agent, keepaliveMs, timer } = config;
  const names = { host: host.id, hostName: host.name, agent: agent.id };
  const channels = channelsOf(config);
  const optional = timer === undefined ? {} : { timer };
  const groups = { configured: [...config.groups.values()], remembered };
  return newShim({
    crypto,
    ring,
    ...names,
    incarnation,
    keepaliveMs,
    channels,
    groups,
    ...optional,
  });
}

/** What a channel hears goes to the core; on the line, answers to orders go to who gave them. */
function eventsOf(
  channel: Channel,
  take: (event: ShimEvent) => void,
  say: Say,
  orders?: Relay,
): ChannelEvents {
  return {
    up: () => {
      say('info', `${channel}: open.`);
      take({ kind: 'up', channel });
      orders?.up();
    },
    lost: (reason) => {
      say('warn', `${channel}: not open: ${reason}.`);
      take({ kind: 'lost', channel });
      orders?.lost(reason);
    },
    frame: (bytes) => {
      if (orders?.answer(bytes) !== true) take({ kind: 'frame', channel, bytes });
    },
  };
}

function channelsOf({ serial, mqtt }: ShimConfig): Channel[] {
  return [...(serial ? (['serial'] as const) : []), ...(mqtt ? (['mqtt'] as const) : [])];
}

function onNews(
  { channel, news }: Extract<ShimEffect, { kind: 'news' }>,
  guard: HostGuard,
  say: Say,
): void {
  if (news.kind === 'contact' && news.sentAt !== undefined) guard.contact('board', news.sentAt);
  if (news.kind === 'away') guard.away(news.returnByS);
  if (news.kind === 'timer') return tellTimer(channel, news, say);
  const [level, words] = NEWS[news.kind];
  if (words !== '') say(level, `${channel}: ${words}.`);
}

/** A warning is for whoever reads the log of a host that is about to be reset. */
function tellTimer(channel: Channel, news: HostNews & { kind: 'timer' }, say: Say): void {
  const { warning, state, remainingMs, settings } = news;
  const action = settings === undefined ? '' : `, then: ${settings.action}`;
  if (warning) {
    const left = `${(remainingMs / 1_000).toFixed(1)} s left${action}`;
    return say('warn', `${channel}: the board's watchdog timer was not refreshed; ${left}.`);
  }
  say('info', `${channel}: the board's watchdog timer is ${state}${action}.`);
}

/** Beacons and contacts come every second and are no news to people. */
const NEWS: Record<Exclude<HostNews['kind'], 'timer'>, [level: 'info' | 'warn', words: string]> = {
  session: ['info', 'a session with the board stands; beating'],
  'no-contact': ['warn', 'the board does not answer'],
  'two-agents': ['warn', 'two agents claim this host; stop the one that is not its own'],
  'leaving-acknowledged': ['info', 'the board knows that this host leaves'],
  'left-acknowledged': ['info', 'the board let this host go'],
  away: ['info', 'the agent stops on purpose'],
  'pledge-acknowledged': ['info', 'the board knows of the self-fence'],
  beacon: ['info', ''],
  grant: ['info', ''],
  contact: ['info', ''],
};
