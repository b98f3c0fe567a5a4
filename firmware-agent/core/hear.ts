/**
 * What a message of a host does to the board: marks on its channel's clock, proof for others,
 * doubt, its life, and the fence that it may contradict.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { FLAG_SICK, FLAG_STAYS, FLAG_TWO_AGENTS } from '../../protocol/wire/messages.ts';
import type {
  Opened,
  OpenedBeat,
  OpenedHello,
  OpenedMember,
} from '../../protocol/wire/session/agent.ts';
import { ageOf } from '../../protocol/wire/ticks.ts';
import { clear, raise } from './alarms.ts';
import { type Board, chainName, endLife, type Host, mediumOf, remember } from './board.ts';
import { runFence } from './carry-out.ts';
import { awake } from './clock.ts';
import { drillBack } from './drill.ts';
import type { Effect } from './events.ts';
import { freeze } from './freeze.ts';
import { groupsOfLife, hearForGroups, leaveGroups } from './groups.ts';
import {
  type BeatChannel,
  extendProof,
  type Hearing,
  keepsPace,
  mark,
  newHearing,
  paceOf,
  SLOW_BEATS_TOLD,
  withPause,
} from './hearing.ts';
import { type LifeEvent, type LifeNews, stepLife } from './life.ts';
import { CLOCK_RATE_ERROR, powerLossMs } from './limits.ts';
import { hearPledge } from './pledge.ts';
import { hearForPulse } from './pulse-run.ts';
import { doubtSenses } from './sense-doubt.ts';
import { isUseless, markSick } from './sickness.ts';
import { hearForTimer } from './timer-run.ts';
import { forgetSilence, tell } from './words.ts';

export function hear(board: Board, opened: Opened, now: Instant): Effect[] {
  const host = board.hosts.get(opened.host);
  if (host === undefined || opened.channel === 'socket') return [];
  switch (opened.kind) {
    case 'beat':
    case 'kick':
    case 'claim':
    case 'release':
    case 'leaving':
    case 'left':
    case 'pledge':
      return hearMember(board, host, opened, now);
    case 'hello':
      return hearHello(board, host, opened, now);
    case 'solicit':
      return [];
  }
}

/** A HELLO moves nothing, but of a life that is over it is evidence against us (section 3). */
function hearHello(board: Board, host: Host, hello: OpenedHello, now: Instant): Effect[] {
  const over = host.ended.find((life) => life.incarnation === hello.incarnation);
  if (over !== undefined && hello.tick >= over.darkTick && host.fence?.step.at !== 'proving') {
    const two = over.why === 'replaced';
    const why = two ? 'two lives of it speak at once' : `a life that was ${over.why} spoke`;
    return freeze(board, host, two ? 'two-lives' : 'integrity', why, now);
  }
  const sign = { kind: 'sign', tick: hello.tick, fresh: false, life: hello.incarnation } as const;
  return runFence(board, host, sign, now);
}

function hearMember(board: Board, host: Host, opened: OpenedMember, now: Instant): Effect[] {
  const channel = opened.channel as BeatChannel;
  const ageMs = ageOf(board.ticks, opened.echo, now);
  const fresh = ageMs !== undefined && ageMs <= host.freshnessMs;
  const { kind, incarnation, seq } = opened;
  remember(host, { at: now, channel, kind, incarnation, seq, ageMs });
  hearPledge(host, opened, fresh, awake(board.clock, now));
  const sign = { kind: 'sign', tick: opened.echo, fresh, life: incarnation } as const;
  // Whatever spoke before the last hold ended has no power since, even a life not heard till now.
  const isOver =
    opened.echo <= host.holdEndTick || host.ended.some((life) => life.incarnation === incarnation);
  if (isOver) return runFence(board, host, { ...sign, fresh: false }, now);
  const forGroups = (isFresh: boolean): Effect[] =>
    kind === 'claim' || kind === 'release' ? hearForGroups(board, host, opened, isFresh, now) : [];
  if (!fresh) {
    return [
      ...hearStale(board, host, opened, now),
      ...runFence(board, host, sign, now),
      ...forGroups(false),
    ];
  }
  // It is said beside a beat, and that says the rest.
  if (opened.kind === 'pledge') {
    return [...runFence(board, host, sign, now), { kind: 'acknowledge', opened }];
  }
  host.livedAt = Math.max(host.livedAt ?? Number.NEGATIVE_INFINITY, now - ageMs);
  const speaks = opened.kind !== 'leaving' && opened.kind !== 'left';
  if (speaks && isUseless(board, host, opened, now)) {
    markSick(board, host, channel, now);
    const fence = runFence(board, host, { ...sign, fresh: false }, now);
    const flags = opened.kind === 'beat' ? hearFlags(board, host, opened, now) : [];
    return [...fence, ...flags, ...hearForTimer(board, host, opened, now), ...forGroups(false)];
  }
  const effects = [
    ...doubtSenses(board, host, now),
    ...markFresh(board, host, channel, opened, now),
    ...runFence(board, host, sign, now),
  ];
  if (speaks) {
    const stays = opened.kind === 'beat' && (opened.flags & FLAG_STAYS) !== 0;
    const beat = { kind: 'beat', incarnation, ...(stays && { stays: opened.echo }) } as const;
    return [
      ...effects,
      ...live(board, host, beat, opened, now),
      ...(opened.kind === 'beat' ? hearFlags(board, host, opened, now) : []),
      ...hearForPulse(board, host, incarnation, now),
      ...hearForTimer(board, host, opened, now),
      ...forGroups(true),
    ];
  }
  const event: Parameters<typeof live>[2] =
    opened.kind === 'left'
      ? { kind: 'left', incarnation }
      : {
          kind: 'leaving',
          incarnation,
          reason: opened.reason,
          returnByMs: opened.returnByS * 1000,
          tick: board.ticks.latest,
        };
  return [
    ...effects,
    ...live(board, host, event, opened, now),
    ...hearForTimer(board, host, opened, now),
    ...(opened.kind === 'left' ? leaveGroups(board, host, opened, now) : []),
    { kind: 'acknowledge', opened },
  ];
}

/** It was sent long ago, or its down path is broken: no life, but perhaps doubt. */
function hearStale(board: Board, host: Host, opened: OpenedMember, now: Instant): Effect[] {
  const hearing = host.hearings.find((h) => h.channel === opened.channel);
  if (hearing !== undefined) hearing.stale += 1;
  const pace = hearing?.pace;
  const limits = {
    keepaliveMs: host.settings.timing.keepaliveMs,
    freshnessMs: host.freshnessMs,
    clockRateError: CLOCK_RATE_ERROR,
  };
  if (pace === undefined || !keepsPace(pace, opened, now, limits)) return [];
  return raiseDoubt(board, host, now);
}

/** Blocks autonomous fencing for a deadtime: the host lives, only half of its path does not. */
export function raiseDoubt(board: Board, host: Host, now: Instant): Effect[] {
  host.doubtUntilAwake = awake(board.clock, now) + host.settings.timing.deadtimeMs;
  // One slow path of two, an order from a host that beats, or what waited while the board itself
  // stood still: nothing to be alarmed about.
  const settling = board.deferredSince !== undefined;
  if (settling || host.finding === undefined || host.finding.at === 'alive') return [];
  return raise(
    board.alarms,
    {
      host: host.settings.host,
      code: 'half-duplex',
      text: 'it is heard, but does not hear the board',
      remedy:
        'look at the way from the board to it: transmit line, broker; it can be fenced by order',
    },
    now,
  );
}

function markFresh(
  board: Board,
  host: Host,
  channel: BeatChannel,
  opened: { kind: OpenedMember['kind']; session: number; seq: number },
  now: Instant,
): Effect[] {
  const nowAwake = awake(board.clock, now);
  const name = chainName(host, channel);
  if (name !== undefined)
    board.chains.set(name, extendProof(board.chains.get(name), nowAwake, now));
  const fresh = mark(mediumOf(board, host, channel), board.clock, now);
  const soonMs = powerLossMs(host.settings.timing, host.delayMs);
  const hearing = host.hearings.find((one) => one.channel === channel);
  if (hearing === undefined) return [];
  const was = hearing.fresh;
  const resumed = was === undefined || nowAwake - was.awake > soonMs;
  // An outage of our own link is weighed by its length (gaps.ts), and makes nobody suspect.
  const missedMs = fresh.listenedMs - (was?.listenedMs ?? fresh.listenedMs);
  const fromAt = hearing.carried && missedMs > soonMs ? was?.at : undefined;
  const effects: Effect[] = hearing.warned
    ? [tell(host, 'info', 'channel-heard', `it is heard on ${channel} again`)]
    : [];
  if (was !== undefined && now - was.at > board.derived.shortestPauseMs) {
    const pause = { fromAt: was.at, untilAt: now, untilAwake: nowAwake };
    hearing.pauses = withPause(hearing.pauses, pause);
  }
  // Kicks, claims and releases come between two beats, and show nothing of their pace.
  const isBeat = !['kick', 'claim', 'release'].includes(opened.kind);
  if (isBeat) {
    const pace = paceOf(hearing, opened, now, host.settings.timing.keepaliveMs);
    hearing.paced = pace.paced;
    hearing.slow = pace.slow;
    if (!pace.paced && pace.slow === SLOW_BEATS_TOLD) effects.push(tellSlow(host));
  }
  hearing.pace = paceMark(hearing, opened, isBeat, now);
  hearing.carried = true;
  hearing.warned = false;
  hearing.fresh = fresh;
  if (resumed) {
    hearing.resumedAwake = nowAwake;
    hearing.outage = undefined;
  }
  if (fromAt !== undefined) hearing.outage = { fromAt, untilAt: now };
  return effects;
}

/** Where the pace is measured from: the last beat, with the number of the last word. */
function paceMark(
  { pace }: Hearing,
  { session, seq }: { session: number; seq: number },
  isBeat: boolean,
  now: Instant,
): NonNullable<Hearing['pace']> {
  const at = isBeat || pace?.session !== session ? now : pace.at;
  return { session, seq, at };
}

function tellSlow(host: Host): Effect {
  const seconds = host.settings.timing.keepaliveMs / 1000;
  const text = `it beats slower than the keepalive of ${seconds} s that the board was told`;
  return tell(host, 'alarm', 'keepalive', `${text}; make shim.toml and agent.toml say the same`);
}

/** Reads the life machine's news and tells them; a life that ends here is never heard again. */
function live(
  board: Board,
  host: Host,
  event: Exclude<LifeEvent, { kind: 'over' | 'tick' }>,
  opened: { channel: string },
  now: Instant,
): Effect[] {
  const nowAwake = awake(board.clock, now);
  const was = host.life;
  const { life, news } = stepLife(was, event, nowAwake, host.settings.timing);
  host.life = life;
  if (news === 'arrived' || news === 'reborn') host.finding = undefined;
  const effects: Effect[] = news === undefined ? [] : tellLife(board, host, news, now);
  if (news !== undefined) effects.push(...groupsOfLife(board, host, event.incarnation, now));
  if (news === 'arrived') effects.push(...drillBack(board, host, now));
  if (was.at !== 'absent' && life.at !== 'absent' && was.incarnation !== life.incarnation) {
    const darkTick = board.ticks.latest + 1;
    endLife(host, { incarnation: was.incarnation, darkTick, why: 'replaced' });
    host.hearings = host.hearings.map((h) =>
      h.channel === opened.channel ? h : newHearing(h.channel),
    );
    effects.push({ kind: 'retire', host: host.settings.host, incarnation: was.incarnation });
  }
  if (event.kind === 'left') {
    host.hearings = host.hearings.map((h) => ({ ...h, carried: false }));
    // A beat or LEAVING that a broker still holds must not make it a member again.
    const but = opened.channel as BeatChannel;
    effects.push({ kind: 'hang-up', host: host.settings.host, but }, { kind: 'save' });
  }
  return [...effects, ...soundWell(board, host)];
}

/** Alarms that a fresh beat ends. */
function soundWell(board: Board, host: Host): Effect[] {
  const at = host.settings.host;
  return [
    ...forgetSilence(board, host, 'it is heard again'),
    ...clear(board.alarms, at, 'absent', 'it is back'),
    ...clear(board.alarms, at, 'half-duplex', 'it hears the board again'),
    ...clear(board.alarms, at, 'revoked', 'it beats under a key of the file'),
  ];
}

function tellLife(board: Board, host: Host, news: LifeNews, now: Instant): Effect[] {
  const at = host.settings.host;
  if (news !== 'leaving') {
    return [...clear(board.alarms, at, 'leaving', 'its leave is over'), ...newsOf(host, news)];
  }
  const text = 'it is stopping in good order; until its grace is over its silence is no death';
  const remedy = 'wait for it, or order a fence';
  return raise(board.alarms, { host: at, code: 'leaving', text, remedy }, now, 'warning');
}

function newsOf(host: Host, news: Exclude<LifeNews, 'leaving'>): Effect[] {
  switch (news) {
    case 'arrived':
      return [tell(host, 'info', 'heard', 'it beats')];
    case 'back':
      return [tell(host, 'info', 'heard', 'its shim was only started anew: it does not leave')];
    case 'reborn':
      return [tell(host, 'info', 'reborn', 'it beats in a new life')];
    case 'stop-failed':
      return [tell(host, 'warning', 'stop-failed', 'it could not stop its resources')];
    case 'left':
      return [tell(host, 'info', 'left', 'it left in good order')];
    case 'overdue':
      return [tell(host, 'warning', 'overdue', 'it did not leave in the time it asked for')];
  }
}

function hearFlags(board: Board, host: Host, beat: OpenedBeat, now: Instant): Effect[] {
  const at = host.settings.host;
  host.twoAgents = (beat.flags & FLAG_TWO_AGENTS) !== 0;
  const spent = host.spent === beat.incarnation && host.fence === undefined;
  return [
    ...standing(board, spent, now, {
      host: at,
      code: 'unguarded',
      text: 'its one autonomous fence is spent, and it lives on',
      remedy: 'order a fence, or restart it',
    }),
    ...standing(board, host.twoAgents, now, {
      host: at,
      code: 'two-agents',
      text: 'another agent claims it, too; both act on orders only',
      remedy: 'stop the agent that is not its own; until then order what it needs',
    }),
    ...standing(board, (beat.flags & FLAG_SICK) !== 0, now, {
      host: at,
      code: 'sick',
      text: 'a check on the host fails',
      remedy: 'look at the log of its shim',
    }),
  ];
}

/** Raises an alarm while its cause stands, and clears it when that is over. */
function standing(
  board: Board,
  stands: boolean,
  now: Instant,
  alarm: Parameters<typeof raise>[1],
): Effect[] {
  return stands
    ? raise(board.alarms, alarm, now)
    : clear(board.alarms, alarm.host, alarm.code, `over: ${alarm.text}`);
}
