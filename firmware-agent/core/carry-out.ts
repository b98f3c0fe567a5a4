/**
 * Runs one host's fence a step further and turns its deeds into effects, in the order in which
 * they must happen: what the disk must know first, then relays, then keys, then words.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Proof } from '../../protocol/wire/messages.ts';
import { ageOf, issue } from '../../protocol/wire/ticks.ts';
import { type Code, clear, raise } from './alarms.ts';
import { answerOn, answerOrders, settleAll } from './answers.ts';
import { assert, unreachable } from './assert.ts';
import { type Board, endLife, type Host, incarnationOf } from './board.ts';
import { expiryOf } from './by-timeout.ts';
import { awake } from './clock.ts';
import { drillCut, drillDark, drillGiven, failDrill } from './drill.ts';
import type { Effect } from './events.ts';
import { lastFreshAt } from './evidence.ts';
import { answerForAnother, carryOutExpel } from './expel.ts';
import { stepFence } from './fence.ts';
import type { Deed, Fence, FenceEvent, Scene } from './fence-state.ts';
import { forgetLife } from './forget-life.ts';
import { freeze } from './freeze.ts';
import { endGroups } from './groups.ts';
import { powerLossMs, RESTORE_GAP_MS } from './limits.ts';
import { keepRecord, nameOfBy, note, settleRecord } from './record.ts';
import { stepTimer } from './timer.ts';
import { dueOf } from './timer-due.ts';
import { endTimer } from './timer-run.ts';
import { judge } from './verdict.ts';
import { forgetSilence, forgetWords, tell } from './words.ts';

/** Steps the host's fence, if one runs. */
export function runFence(board: Board, host: Host, event: FenceEvent, now: Instant): Effect[] {
  const was = host.fence;
  if (was === undefined || host.frozen !== undefined) return [];
  const { fence, deeds } = stepFence(was, event, sceneOf(board, host, was, now));
  host.fence = fence ?? was;
  const effects = deeds.flatMap((deed) => carryOut(board, host, deed, now));
  if (fence === undefined) host.fence = undefined;
  return effects;
}

function sceneOf(board: Board, host: Host, fence: Fence, now: Instant): Scene {
  return {
    now,
    settings: host.settings,
    power: host.power,
    judgeTickMs: board.derived.judgeTickMs,
    stalledMs: board.clock.stalledMs,
    methods: host.methods,
    mayCut: fence.step.at === 'intent' ? mayCut(board, host, fence, now) : { yes: true },
    mayRestore: now - board.lastRestoreAt >= RESTORE_GAP_MS,
    nextTick: board.ticks.latest + 1,
    ...(host.settings.proof === 'by-timeout'
      ? { expiry: expiryOf(host, lifeOf(host, fence)) }
      : {}),
  };
}

/** The life that a fence is to end: before the cut, the one that an order finds there. */
function lifeOf(host: Host, { step, orders, incarnation }: Fence): number {
  const isOpen = step.at === 'intent' && orders.length > 0;
  return (isOpen ? incarnationOf(host) : undefined) ?? incarnation;
}

/** Judged anew right before the cut: S3 to S5 for a verdict, ttl and incarnation for orders. */
function mayCut(board: Board, host: Host, fence: Fence, now: Instant): Scene['mayCut'] {
  if (fence.orders.length === 0) {
    return fence.by.kind === 'timer'
      ? mayCutByTimer(board, host, fence, now)
      : mayCutByVerdict(board, host, fence, now);
  }
  if (board.disabled !== undefined) return { yes: false, why: 'disabled', outcome: 'refused' };
  const living = incarnationOf(host);
  let meansAnother = false;
  for (const cmdId of fence.orders) {
    const order = board.orders.get(cmdId)?.order;
    if (order === undefined) continue;
    const ageMs = ageOf(board.ticks, order.tick, now);
    if (ageMs === undefined || ageMs > order.ttlMs) continue;
    if (order.incarnation === 0 || living === undefined || order.incarnation === living) {
      return { yes: true };
    }
    meansAnother = true;
  }
  return {
    yes: false,
    why: 'no order holds any more',
    outcome: meansAnother ? 'unknown' : 'expired',
  };
}

function mayCutByVerdict(board: Board, host: Host, fence: Fence, now: Instant): Scene['mayCut'] {
  const refused = (why: string): Scene['mayCut'] => ({ yes: false, why, outcome: 'expired' });
  if (host.maintenance !== undefined) return refused('it is in maintenance');
  if (host.life.at !== 'present') return refused(`it is ${host.life.at} now`);
  if (host.life.incarnation !== fence.incarnation) return refused('it lives anew');
  const finding = judge(board, host, now);
  if (finding.at !== 'silent') return refused(`it is ${finding.at} now`);
  // Gap and budget were judged when the fence began; this fence itself must not count against it.
  const stands = finding.bar === 'none' || finding.bar === 'gap' || finding.bar === 'budget';
  return stands ? { yes: true } : refused(finding.bar);
}

function mayCutByTimer(board: Board, host: Host, fence: Fence, now: Instant): Scene['mayCut'] {
  const refused = (why: string): Scene['mayCut'] => ({ yes: false, why, outcome: 'expired' });
  const { timer } = host;
  if (host.maintenance !== undefined) return refused('it is in maintenance');
  if (timer.at !== 'expired') return refused('its timer was refreshed');
  if (timer.incarnation !== fence.incarnation) return refused('it lives anew');
  const { bar } = dueOf(board, host, timer, timer.settings.timeoutMs, now);
  return bar === 'none' || bar === 'gap' || bar === 'budget' ? { yes: true } : refused(bar);
}

function carryOut(board: Board, host: Host, deed: Deed, now: Instant): Effect[] {
  const fence = host.fence as Fence;
  const at = host.settings.host;
  switch (deed.kind) {
    case 'cut':
      return carryOutCut(board, host, deed.outlets, now);
    case 'restore':
      board.lastRestoreAt = now;
      drillGiven(host, now);
      note(host, now, 'told the outlets to close');
      return [
        { kind: 'restore', host: at, outlets: deed.outlets, fence: fence.id },
        tell(host, 'info', 'restoring', 'power is being given back'),
      ];
    case 'expel':
      return carryOutExpel(board, host, now);
    case 'round': {
      const tick = issue(board.ticks, now);
      assert(tick === fence.darkTick, 'the fence was shown the tick that came next');
      return [{ kind: 'round', tick }];
    }
    case 'fenced':
      return fenced(board, host, deed.proof, now);
    case 'failed':
      return failed(board, host, deed.reason, now);
    case 'averted':
      forgetVerdict(board, host, fence);
      goOnWithTimer(board, host, now);
      return finish(board, host, deed.reason, [
        tell(host, 'warning', 'averted', `its fence was called off: ${deed.reason}`),
      ]);
    case 'called-off':
      forgetVerdict(board, host, fence);
      goOnWithTimer(board, host, now);
      return finish(board, host, deed.outcome, [
        ...answerOrders(board, host, {
          outcome: deed.outcome,
          proof: 'none',
          detail: deed.outcome === 'refused' ? 'disabled' : '',
        }),
        tell(host, 'info', 'expired', `the order to fence it is ${deed.outcome}`),
      ]);
    case 'freeze':
      return freeze(board, host, 'integrity', deed.why, now);
    case 'note':
      note(host, now, deed.text);
      return [];
    case 'confirmed': {
      const detail = keptDetail(fence);
      return settleAll(board, fence, deed.orders, { outcome: 'done', proof: fence.proof, detail });
    }
    case 'unconfirmed': {
      const result = { outcome: 'failed', proof: 'none', detail: 'device-lost' } as const;
      return settleAll(board, fence, deed.orders, result);
    }
    case 'acknowledged':
      return acknowledged(board, host, deed, now);
    case 'late':
      return late(board, host, now);
    case 'restored':
      return restored(board, host, now);
    default:
      return unreachable(deed);
  }
}

function carryOutCut(board: Board, host: Host, outlets: readonly number[], now: Instant): Effect[] {
  const fence = host.fence as Fence;
  // An order for whatever has power now cuts the life that is there at this moment.
  const living = fence.orders.length > 0 ? incarnationOf(host) : undefined;
  const incarnation = living ?? fence.incarnation;
  const lastAt = lastFreshAt(host);
  const soonMs = powerLossMs(host.settings.timing, host.delayMs);
  if (lastAt !== undefined && now - lastAt > soonMs) host.silentCutAt = now;
  host.fence = { ...fence, incarnation };
  if (fence.unlogged) settleRecord(host, { unlogged: true });
  if (fence.orders.length === 0) host.spent = incarnation;
  const names = outlets.map((outlet) => host.settings.outlets[outlet]?.name).join(', ');
  note(host, now, `told ${names} to open${fence.unlogged ? ', unlogged' : ''}`);
  const news = [tell(host, 'warning', 'cut', `power is being cut at ${names}`)];
  if (fence.unlogged)
    news.push(tell(host, 'alarm', 'unlogged', 'the disk did not take the intent'));
  return [
    { kind: 'cut', host: host.settings.host, outlets, fence: fence.id },
    ...news,
    ...drillCut(board, host, fence, now),
    { kind: 'save' },
  ];
}

function fenced(board: Board, host: Host, proof: Proof, now: Instant): Effect[] {
  const fence = host.fence as Fence;
  const heldS = (host.settings.timing.offHoldMs / 1000).toFixed(1);
  const isTimeout = proof === 'by-timeout';
  const how = isTimeout ? 'its lease and its watchdog have run out' : `off for ${heldS} s`;
  const text = `fenced, ${proof}: ${how}`;
  drillDark(host);
  const unanswered = isTimeout ? answerForAnother(board, host) : [];
  // Without a cut, what lives there now may be another life, and none of this concerns it.
  const living = isTimeout ? fence.incarnation : incarnationOf(host);
  const effects = [...unanswered, ...endLives(board, host, { why: 'fenced', living }, now)];
  const winner = fence.orders.flatMap((id) => board.orders.get(id)?.order.from.boundTo ?? []).at(0);
  if (winner !== undefined) host.lostTo = { winner, at: now };
  note(host, now, text);
  settleRecord(host, { outcome: 'fenced', proof, untested: host.tested === undefined });
  return [
    ...keepRecord(host),
    ...effects,
    ...answerOrders(board, host, {
      outcome: 'done',
      proof,
      detail: isTimeout ? '' : keptDetail(fence),
    }),
    tell(host, 'warning', 'fenced', `${text} (${nameOfBy(fence.by)})`),
    ...clear(board.alarms, host.settings.host, 'failed', 'a later fence was proven'),
    ...clear(board.alarms, host.settings.host, 'off-lost', 'it is off again'),
  ];
}

/** Whatever lived there is over: its keys go, and what it may still say is weighed, not believed. */
function endLives(
  board: Board,
  host: Host,
  { why, living = 0 }: { why: 'fenced' | 'acknowledged'; living: number | undefined },
  now: Instant,
): Effect[] {
  const fence = host.fence as Fence;
  const darkTick = fence.darkTick ?? board.ticks.latest + 1;
  const lives = new Set([fence.incarnation, living]);
  lives.delete(0);
  const effects: Effect[] = [];
  for (const incarnation of lives) {
    endLife(host, { incarnation, darkTick, why });
    effects.push({ kind: 'retire', host: host.settings.host, incarnation });
  }
  const present = incarnationOf(host);
  if (present !== undefined && !lives.has(present)) return effects;
  forgetLife(board, host, now);
  host.holdEndTick = board.ticks.latest;
  host.livedAt = undefined;
  effects.push(...endTimer(board, host, now), ...endGroups(board, host, `it was ${why}`, now));
  return [...effects, ...forgetWords(board, host, `its life ended: ${why}`)];
}

/** Success for whoever acknowledged; others are told that nothing was proven, and that he did. */
function acknowledged(
  board: Board,
  host: Host,
  { ack, reason }: Deed & { kind: 'acknowledged' },
  now: Instant,
): Effect[] {
  const about = { why: 'acknowledged', living: incarnationOf(host) } as const;
  const effects = endLives(board, host, about, now);
  const proof = 'by-hand';
  settleRecord(host, { outcome: 'acknowledged', proof, reason: ack.why });
  const { orders } = host.fence as Fence;
  const isAck = (id: string): boolean => board.orders.get(id)?.order.op === 'ack';
  const detail = `by ${ack.by}`;
  const fence = host.fence as Fence;
  return [
    ...keepRecord(host),
    ...effects,
    ...failDrill(host, `its fence was not proven: ${reason}`),
    ...settleAll(board, fence, orders.filter(isAck), { outcome: 'done', proof, detail }),
    ...answerOrders(board, host, { outcome: 'failed', proof, detail: 'acknowledged' }),
    tell(
      host,
      'alarm',
      'acknowledged',
      `acknowledged by hand, not proven (${reason}): ${ack.by} answers for it: ${ack.why}`,
    ),
    ...clear(board.alarms, host.settings.host, 'failed', 'a person answered for it'),
  ];
}

function keptDetail(fence: Fence): string {
  return fence.keptBy === undefined ? '' : `kept off by ${fence.keptBy}`;
}

function failed(board: Board, host: Host, reason: string, now: Instant): Effect[] {
  note(host, now, `failed: ${reason}`);
  settleRecord(host, { outcome: 'failed', reason });
  const text = `its fence failed: ${reason}; it may have power`;
  const what = host.methods.length === 0 ? 'mend its self-fence' : 'mend relay, sense or wiring';
  const remedy =
    `${what} and order the fence again, or cut its power by hand and say so ` +
    `with \`fencepost ack ${host.settings.name}\``;
  if (host.methods.length === 0) failedAlone(board, host, now);
  board.alarms.delete(`${host.settings.host}:failed`);
  return [
    ...keepRecord(host),
    ...failDrill(host, `the fence failed: ${reason}`),
    ...answerOrders(board, host, { outcome: 'failed', proof: 'none', detail: reason }),
    ...raise(board.alarms, { host: host.settings.host, code: 'failed', text, remedy }, now),
  ];
}

/** No outlet was there to try: the attempt is spent, and a life that was expelled is not heard again. */
function failedAlone(board: Board, host: Host, now: Instant): void {
  const { orders, incarnation, step } = host.fence as Fence;
  if (orders.length === 0) host.spent = incarnation;
  const isGone = step.at === 'waiting' && incarnationOf(host) === incarnation;
  if (isGone) forgetLife(board, host, now);
}

function restored(board: Board, host: Host, now: Instant): Effect[] {
  note(host, now, 'every outlet was read closed');
  return [
    ...keepRecord(host),
    ...comeBack(board, host, now),
    ...answerOn(board, host, { outcome: 'done', proof: 'none', detail: 'on' }),
    tell(host, 'info', 'restored', 'its outlets read closed again'),
    ...clear(board.alarms, host.settings.host, 'relay-open', 'its outlets read closed'),
  ];
}

/** The board keeps trying; whoever ordered `on` is told after the second time. */
function late(board: Board, host: Host, now: Instant): Effect[] {
  const step = host.fence?.step;
  const result = { outcome: 'failed', proof: 'none', detail: 'relay-open' } as const;
  const answers = step?.at === 'closing' && step.tries > 1 ? answerOn(board, host, result) : [];
  return [{ kind: 'save' }, ...answers, ...raise(board.alarms, relayOpen(host), now)];
}

/**
 * Power was switched by us: a host that is silent now may be booting, and must not be cut for it.
 * Whether a life that we did not prove dead goes on is for it to say.
 */
function comeBack(board: Board, host: Host, now: Instant): Effect[] {
  const { life } = host;
  if (life.at === 'absent') {
    host.life = { at: 'absent', since: awake(board.clock, now) };
    return [];
  }
  if (life.at === 'left') return [];
  forgetLife(board, host, now);
  return forgetSilence(board, host, 'its power was switched; it is missed, not judged');
}

/** Ends a fence that moved nothing. */
function finish(board: Board, host: Host, reason: string, effects: Effect[]): Effect[] {
  settleRecord(host, { outcome: 'averted', reason });
  // Where an earlier fence goes on, its restore answers whoever waits for power.
  const goesOn = host.fence?.step.at !== 'intent';
  const was = { outcome: 'done', proof: 'none', detail: 'was on' } as const;
  const on = goesOn ? [] : answerOn(board, host, was);
  return [...keepRecord(host), ...effects, ...on];
}

/** What the expiry of its timer began moved nothing: it comes again as soon as it is right. */
function goOnWithTimer(board: Board, host: Host, now: Instant): void {
  const nowAwake = awake(board.clock, now);
  host.timer = stepTimer(host.timer, { kind: 'called-off' }, nowAwake).timer;
}

function forgetVerdict(board: Board, host: Host, fence: Fence): void {
  board.verdictsAt = board.verdictsAt.filter((at) => at !== fence.startedAt);
  host.verdictsAt = host.verdictsAt.filter((at) => at !== fence.startedAt);
}

function relayOpen(host: Host): { host: number; code: Code; text: string; remedy: string } {
  return {
    host: host.settings.host,
    code: 'relay-open',
    text: 'its outlets do not read closed, so it may stay without power',
    remedy: 'look at the relay; the board keeps trying',
  };
}
