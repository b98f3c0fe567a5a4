/**
 * The board in bytes: every field of the core's state, and what the explorer makes of it.
 *
 * This is the one place where something is left out. The reasons are of three kinds: it is for
 * people (alarms, records, words), it is settings, or these worlds never have it (then its being
 * there is an error). What is renamed: times are ages, ticks count back from the latest, fences have
 * fixed numbers, the life of the board is known to its world.
 *
 * Two deliberate cuts: the half minute between autonomous fences never ends here, and stored
 * answers never grow old, because a state for each age of theirs would say nothing new.
 */
import {
  type Board,
  derive,
  type Held,
  type Host,
  newBoard,
} from '../../firmware-agent/core/board.ts';
import { awake, type BoardClock } from '../../firmware-agent/core/clock.ts';
import type { Hearing } from '../../firmware-agent/core/hearing.ts';
import type { Life } from '../../firmware-agent/core/life.ts';
import { proofGapMs } from '../../firmware-agent/core/limits.ts';
import type { ContactState, Power, SenseState } from '../../firmware-agent/core/power.ts';
import type { BoardSettings, HostSettings } from '../../firmware-agent/core/settings.ts';
import type { TickLog } from '../../protocol/wire/ticks.ts';
import {
  absent,
  awakeTime,
  bool,
  type Codec,
  LATEST,
  list,
  mapOf,
  maybe,
  NOW,
  type Pen,
  put,
  record,
  silences,
  silentTime,
  small,
  take,
  text,
  tick,
  time,
  UNIT_MS,
  union,
  unread,
  word,
} from './codec.ts';
import { FENCE_ID, fence, storedOrder } from './fence-codec.ts';
import {
  chain,
  gaps,
  gapsThatMatter,
  HEARINGS,
  medium,
  pausesThatMatter,
} from './hearing-codec.ts';

/** Ticks that may still be judged by their age: F and the ttl of an order are 4 units at most. */
const TICK_UNITS = 5;

const clock: Codec<BoardClock> = record<BoardClock>({
  startedAt: awakeTime(3),
  seenAt: time(0),
  judgedAt: time(8),
  stalledMs: unread('ages on the awake clock say it', () => 0),
  stallEndAwake: awakeTime(4),
  stalls: gaps,
  checkedAt: unread('when invariants were asserted; here they are after every step', () => NOW),
});

const ticks: Codec<TickLog> = {
  isSure: true,
  write(log, to) {
    const at = to.at;
    put(to, 0);
    for (let back = 0; back < log.latest; back += 1) {
      const issuedAt = log.issuedAt[(log.latest - back) % log.issuedAt.length] as number;
      const age = (to.now - issuedAt) / UNIT_MS;
      if (!(age <= TICK_UNITS)) break;
      put(to, age);
      to.bytes[at] = back + 1;
    }
  },
  read(from) {
    RING.fill(Number.NEGATIVE_INFINITY, 0, 1 + RING_USED);
    const count = take(from);
    for (let back = 0; back < count; back += 1) {
      RING[(LATEST - back) % RING.length] = NOW - take(from) * UNIT_MS;
    }
    for (let back = count; back < RING_USED; back += 1) {
      RING[(LATEST - back) % RING.length] = Number.NEGATIVE_INFINITY;
    }
    for (let ahead = 1; ahead < RING_USED; ahead += 1) {
      RING[(LATEST + ahead) % RING.length] = Number.NEGATIVE_INFINITY;
    }
    return { latest: LATEST, issuedAt: RING };
  },
};

/** One ring for all boards that are read back, since only one lives at a time; too large to copy. */
const RING = new Float64Array(4096).fill(Number.NEGATIVE_INFINITY);
const RING_USED = 64;

const life: Codec<Life> = union<Life, 'at'>('at', {
  absent: record<{ since: number }>({ since: unread('only its alarm counts', () => NOW) }),
  present: record<{ incarnation: number; since: number }>({
    incarnation: small,
    since: awakeTime(3),
  }),
  leaving: absent('a host that leaves') as never,
  left: absent('a host that left') as never,
});

const contact: Codec<ContactState> = record<ContactState>({
  value: word('unknown', 'open', 'closed'),
  askedAt: time(8),
  at: time(8),
  since: time(8),
});

const sense: Codec<SenseState> = record<SenseState>({
  value: word('unknown', 'on', 'off'),
  askedAt: time(8),
  at: time(8),
  since: time(8),
  seenOn: bool,
  seenOff: bool,
  suspect: bool,
  fellAt: maybe(silentTime),
});

const held: Codec<Held> = record<Held>({
  since: unread('for people', () => NOW),
  sinceAwake: unread('for people', () => NOW),
  by: list(small),
  toldAt: unread('when people were reminded', () => NOW),
  released: bool,
});

/** Doubt that is over is none. */
const until = maybe(awakeTime(0));
const doubt: Codec<number | undefined> = {
  write: (value, to) =>
    until.write(value !== undefined && value > to.awake ? value : undefined, to),
  read: until.read,
};

function hostCodec(board: BoardSettings, index: number): Codec<Host> {
  const fresh = (): Host => {
    const [, made] = [...newBoard(board, '', NOW).hosts][index] ?? [];
    return made as Host;
  };
  const { settings, delayMs, freshnessMs, methods, hearings } = fresh();
  const both: Codec<Hearing[]> = {
    isSure: true,
    write(value, to) {
      for (const one of value) HEARINGS[one.channel].write(one, to);
    },
    read: (from) => hearings.map(({ channel }) => HEARINGS[channel].read(from)),
  };
  const why = 'settings';
  return record<Host>({
    settings: unread(why, () => settings),
    delayMs: unread(why, () => delayMs),
    freshnessMs: unread(why, () => freshnessMs),
    methods: unread(why, () => methods),
    serial: settings.serial === undefined ? absent('a line') : medium('serial'),
    hearings: both,
    life,
    power: record<Power>({ contacts: list(contact), senses: list(sense) }),
    fence: maybe(fence(FENCE_ID + index)),
    record: unread('for people', () => undefined),
    pulse: absent('a pulse'),
    timer: unread('no world arms one', () => ({ at: 'off' as const })),
    timerLost: absent('a lost timer'),
    timerAsked: absent('a wish for the timer'),
    timerByFile: absent('a timer of the file'),
    goesOff: unread('nobody leaves', () => false),
    kicks: unread('only a timer counts them', () => undefined),
    lease: absent('a pledge'),
    frozen: maybe(
      record<{ why: string; since: number }>({
        why: unread('for people', () => ''),
        since: unread('for people', () => NOW),
      }),
    ),
    drill: absent('a drill'),
    drillFailed: absent('a drill'),
    tested: absent('a drill'),
    finding: unread('decides only whether doubt is worth an alarm', () => undefined),
    held: maybe(held),
    maintenance: absent('maintenance'),
    lostTo: unread('no world has match_hold', () => undefined),
    doubtUntilAwake: doubt,
    twoAgents: unread('no world has two agents', () => false),
    sick: absent('a sick host'),
    livedAt: maybe(time(8)),
    spent: maybe(small),
    ended: list(
      record<Host['ended'][number]>({
        incarnation: small,
        darkTick: tick(),
        why: word('fenced', 'acknowledged', 'replaced'),
      }),
    ),
    silentCutAt: maybe(silentTime),
    verdictsAt: list(silentTime),
    holdEndTick: tick(),
    interruptedWallMs: list(unread('only their number counts', () => 0)),
    hostileToldAt: unread('for people', () => Number.NEGATIVE_INFINITY),
    groups: absent('a word about groups'),
    heard: unread('for the record', () => []),
  });
}

/** The codec of a board with these settings, of the life that its world keeps for it. */
export function boardCodec(settings: BoardSettings, lifeOf: () => string): Codec<Board> {
  const derived = derive(settings);
  const hosts = settings.hosts.map((_, index) => hostCodec(settings, index));
  const fields = record<Board>({
    clock,
    settings: unread('settings', () => settings),
    derived: unread('settings', () => derived),
    life: unread('its world counts lives', lifeOf),
    ticks,
    mqtt: medium('mqtt'),
    chains: mapOf(text, chain),
    hosts: {
      isSure: true,
      write(value: Board['hosts'], to: Pen) {
        for (const [i, { host }] of settings.hosts.entries()) {
          hosts[i]?.write(value.get(host) as Host, to);
        }
      },
      read: (from) =>
        new Map(settings.hosts.map(({ host }, i) => [host, hosts[i]?.read(from) as Host])),
    },
    orders: mapOf(text, storedOrder),
    alarms: unread('for people; raising one twice does nothing more', () => new Map()),
    groups: absent('a group'),
    verdictsAt: list(silentTime),
    lastRestoreAt: time(8),
    deferredSince: maybe(time(20)),
    nextFence: unread('fences have fixed numbers here', () => FENCE_ID + hosts.length),
    disabled: absent('an emergency disable'),
    storing: unread('no order waits for the disk', () => new Map()),
    wallOffsetMs: unread('no world looks at the wall clock', () => 0),
    started: bool,
  });
  return {
    write(board, to) {
      prepare(board, to);
      fields.write(board, to);
    },
    read: fields.read,
  };
}

/** Sets the clocks that the board's times are written by, and ages all that are compared. */
function prepare(board: Board, to: Pen): void {
  to.now = board.clock.seenAt;
  to.awake = awake(board.clock, to.now);
  to.latest = board.ticks.latest;
  to.life = board.life;
  const { timing } = board.settings.hosts[0] as HostSettings;
  const initdeadUnits = timing.initdeadMs / UNIT_MS;
  to.silenceUnits = initdeadUnits + 1;
  to.gapIgnoredMs = proofGapMs(timing, [...board.hosts.values()][0]?.delayMs ?? 0);
  const plain: number[] = [...board.verdictsAt];
  const slept: number[] = [];
  to.oldestFresh = Number.POSITIVE_INFINITY;
  for (const host of board.hosts.values()) {
    plain.push(...host.verdictsAt);
    if (host.silentCutAt !== undefined) plain.push(host.silentCutAt);
    for (const { fellAt } of host.power.senses) if (fellAt !== undefined) plain.push(fellAt);
    if (host.fence?.firstCutAt !== undefined) plain.push(host.fence.firstCutAt);
    if (host.fence !== undefined) plain.push(host.fence.startedAt);
    for (const { fresh, outage, resumedAwake, pauses: all } of host.hearings) {
      for (const pause of pausesThatMatter(all, to)) plain.push(pause.fromAt, pause.untilAt);
      if (fresh !== undefined) {
        plain.push(fresh.at);
        slept.push(fresh.awake);
        to.oldestFresh = Math.min(to.oldestFresh, fresh.at);
      }
      if (outage !== undefined) plain.push(outage.fromAt, outage.untilAt);
      if (resumedAwake !== undefined) slept.push(resumedAwake);
    }
  }
  const gapsOfAll = [
    ...board.clock.stalls,
    ...board.mqtt.gaps,
    ...[...board.chains.values()].flatMap((one) => one.gaps),
    ...[...board.hosts.values()].flatMap((host) => host.serial?.gaps ?? []),
  ];
  for (const { endAt } of gapsThatMatter(gapsOfAll, to)) plain.push(endAt);
  // Longer than any duration that two silences are compared with: initdead, F, twice the keepalive.
  const apart = initdeadUnits + 2;
  silences(to.now, plain, apart, to.plain);
  silences(to.awake, slept, apart, to.slept);
}
