/**
 * The fence of one host: journal the intent, cut, prove, report, hold off or restore.
 *
 * Everything that can move a relay passes through here, and a relay moves only in the steps
 * marked (*). The intent is journalled one step before the cut, so that the cut is re-judged with
 * all input that came in between (S5); the report comes after the proof and before the restore
 * (S1, S10). Leaving a step forgets its deadlines, because they live in it.
 *
 * | step    | event      | guard                          | next     | deeds                 |
 * |---------|------------|--------------------------------|----------|-----------------------|
 * | intent  | journalled | may cut                        | proving  | cut (*)               |
 * | intent  | journalled | may not cut, by verdict        | ended    | averted               |
 * | intent  | journalled | may not cut, ordered           | ended    | called-off            |
 * | intent  | journalled | the same, in place of another  | due      | called-off            |
 * | intent  | tick       | J is over, may cut             | proving  | cut (*), unlogged     |
 * | intent  | tick       | J is over, may not cut         | ended    | averted               |
 * | intent  | tick       | a standing order ended by a kick | ended  | averted               |
 * | intent  | tick       | no order holds any more        | ended    | called-off            |
 * | intent  | tick       | the same, in place of another  | due      | called-off            |
 * | intent  | sign       | fresh, no order joined         | ended    | averted               |
 * | proving | tick       | proven                         | due      | fenced                |
 * | proving | tick       | proven, to be kept off         | kept     | fenced                |
 * | proving | tick       | open for the hold-up           | proving  | round                 |
 * | proving | tick       | failed, one more method        | proving  | note, cut (*)         |
 * | proving | tick       | the same, by verdict, heard since | closing | restore (*), note, failed |
 * | proving | tick       | failed, the last               | closing  | restore (*), note, failed |
 * | proving | tick       | failed, the last, to be kept off | kept   | note, failed          |
 * | proving | tick       | failed, the last, a person answers | kept | note, acknowledged    |
 * | proving | sign       | later than the hold-up         | proving  | note, cut (*)         |
 * | proving | sign       | the same, by verdict, fresh    | closing  | restore (*), note, failed |
 * | proving | sign       | the same, the last method      | closing  | restore (*), note, failed |
 * | intent  | journalled | may cut, no outlets, pledged   | waiting  | expel                 |
 * | intent  | journalled | may cut, no outlets, not pledged | ended  | failed                |
 * | proving | tick       | failed, the last, pledged      | waiting  | note, expel           |
 * | waiting | tick       | it must be over                | waiting  | round                 |
 * | waiting | tick       | silent for 2 K more            | due      | fenced                |
 * | waiting | tick       | the same, no outlets           | ended    | fenced                |
 * | waiting | sign       | of itself, after the round     | closing  | restore (*), failed   |
 * | waiting | sign       | the same, no outlets           | ended    | failed                |
 * | kept    | tick       | contradicted                   | frozen   | freeze                |
 * | kept    | sign       | contradicted                   | frozen   | freeze                |
 * | kept    | released   |                                | due      |                       |
 * | kept    | tick       | an order joined, read off anew | kept     | confirmed             |
 * | kept    | tick       | an order joined, not read in H | kept     | unconfirmed           |
 * | due     | tick       | contradicted                   | frozen   | freeze                |
 * | due     | sign       | contradicted                   | frozen   | freeze                |
 * | due     | tick       | an order joined, read off anew | due      | confirmed             |
 * | due     | tick       | an order joined, not read in H | due      | unconfirmed           |
 * | due     | tick       | its turn to restore            | closing  | restore (*)           |
 * | due     | joined     | by an `off`                    | kept     |                       |
 * | closing | tick       | every contact read closed      | ended    | restored              |
 * | closing | tick       | late                           | closing  | restore (*), late     |
 *
 * `joined` and `released` also change what is wanted of a fence that is not closing yet: which
 * orders wait for it, and whether the host is kept off afterwards. Whom only a verdict wants dead, and
 * who is heard afresh after the cut, lived through it where that cannot be proven: no further method is
 * tried on it (S5). A contradiction that is not fresh ends such a fence after the second method.
 *
 * `pledged` is a host that may be proven dead by timeout, and whose pledge allows it (by-timeout.ts).
 *
 * Any pair that the table does not name stays as it is and does nothing.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Proof } from '../../protocol/wire/messages.ts';
import { assert, unreachable } from './assert.ts';
import { expel, stepWaiting } from './by-timeout.ts';
import type {
  Ack,
  Before,
  Deed,
  Fence,
  FenceEvent,
  FenceStep,
  FenceStepped,
  Scene,
} from './fence-state.ts';
import { JOURNAL_WAIT_MS, sampleAgeMs } from './limits.ts';
import { type FailReason, readsOff, weigh } from './proof.ts';

/** A contact that does not close within it is told again, and people are told. */
const RESTORE_RETRY_MS = 2_000;
const RESTORE_RETRY_MAX_MS = 60_000;

export function stepFence(was: Fence, event: FenceEvent, scene: Scene): FenceStepped {
  const fence = wanted(was, event, scene.now);
  switch (fence.step.at) {
    case 'intent':
      return stepIntent(fence, fence.step, event, scene);
    case 'proving':
      return stepProving(fence, fence.step, event, scene);
    case 'waiting': {
      const next = stepWaiting(fence, fence.step, event, scene);
      return next === 'alive' ? giveUp(fence, 'alive', [], scene) : next;
    }
    case 'kept':
      if (event.kind === 'released') return stay(become(fence, dueAt(scene.now)));
      return guardDark(fence, event, scene) ?? confirm(fence, event, scene) ?? stay(fence);
    case 'due':
      return stepDue(fence, event, scene);
    case 'closing':
      return stepClosing(fence, fence.step, event, scene);
    default:
      return unreachable(fence.step);
  }
}

/** What is wanted of a fence changes with orders that join it, in whatever step it is. */
function wanted(fence: Fence, event: FenceEvent, now: Instant): Fence {
  if (fence.step.at === 'closing') return fence;
  if (event.kind === 'released') return release(fence);
  return event.kind === 'joined' ? join(fence, event, now) : fence;
}

function stay(fence: Fence, ...deeds: Deed[]): FenceStepped {
  return { fence, deeds };
}

function over(...deeds: Deed[]): FenceStepped {
  return { deeds };
}

function become(fence: Fence, step: FenceStep): Fence {
  return { ...fence, step };
}

function dueAt(now: Instant): FenceStep {
  return { at: 'due', since: now };
}

function release(fence: Fence): Fence {
  const { keptBy: _, ...rest } = fence;
  return { ...rest, released: true };
}

function join(fence: Fence, event: FenceEvent & { kind: 'joined' }, now: Instant): Fence {
  const keeps = event.op !== 'fence' && fence.keptBy === undefined;
  return {
    ...fence,
    orders: [...fence.orders.filter((cmdId) => cmdId !== event.cmdId), event.cmdId],
    ...(fence.proof === 'none' ? {} : { confirmFrom: now }),
    ...(keeps ? { keptBy: event.keptBy } : {}),
    ...(event.ack === undefined ? {} : { ack: event.ack }),
  };
}

/** Only the silence of its host wants it. */
function isAvertible(fence: Fence): boolean {
  return fence.orders.length === 0 && !isStanding(fence);
}

function isStanding({ by }: Fence): boolean {
  return by.kind === 'timer' && by.standing;
}

function stepIntent(
  fence: Fence,
  step: FenceStep & { at: 'intent' },
  event: FenceEvent,
  scene: Scene,
): FenceStepped {
  const ordered = fence.orders.length > 0;
  const standing = isStanding(fence);
  if (event.kind === 'sign' && event.fresh && isAvertible(fence)) {
    return over({ kind: 'averted', reason: 'a fresh beat came before the cut' });
  }
  const judged = event.kind === 'tick' && event.drained;
  const late = judged && scene.now - step.since >= JOURNAL_WAIT_MS;
  const expired = judged && (ordered || standing) && !scene.mayCut.yes;
  if (event.kind !== 'journalled' && !late && !expired) return stay(fence);
  if (!scene.mayCut.yes) {
    const { why, outcome } = scene.mayCut;
    if (!ordered) return over({ kind: 'averted', reason: why });
    return { ...goBack(fence, scene.now), deeds: [{ kind: 'called-off', outcome }] };
  }
  const begun = { ...fence, unlogged: event.kind !== 'journalled' };
  return scene.methods.length > 0 ? cut(begun, 0, scene) : timeOut(begun, 'not-proven', [], scene);
}

/** A fence that moved nothing leaves things as they were, and an earlier restore goes on. */
function goBack(fence: Fence, now: Instant): { fence?: Fence } {
  const { before, keptBy: _, ...rest } = fence;
  if (before === undefined) return {};
  // An `on` that came in the meantime released what was kept.
  const { at, keptBy }: Before = fence.released === true ? { at: 'due' } : before;
  return {
    fence: { ...rest, ...(keptBy === undefined ? {} : { keptBy }), step: { at, since: now } },
  };
}

function cut(fence: Fence, method: number, scene: Scene): FenceStepped {
  const outlets = scene.methods[method];
  assert(outlets !== undefined && outlets.length > 0, 'a method cuts at least one outlet');
  const { darkTick: _, ...rest } = fence;
  const cutAt = scene.now;
  const { stalledMs } = scene;
  const step: FenceStep = { at: 'proving', method, outlets, cutAt, stalledMs };
  return stay(
    { ...become(rest, step), firstCutAt: fence.firstCutAt ?? cutAt },
    { kind: 'cut', outlets },
  );
}

function stepProving(
  fence: Fence,
  step: FenceStep & { at: 'proving' },
  event: FenceEvent,
  scene: Scene,
): FenceStepped {
  if (event.kind === 'sign') {
    const contradicts = fence.darkTick !== undefined && event.tick >= fence.darkTick;
    const next: Fence = event.fresh ? { ...fence, isHeard: true } : fence;
    return contradicts ? methodFailed(next, step, 'alive', scene) : stay(next);
  }
  if (event.kind !== 'tick') return stay(fence);
  const weighed = weigh(step, scene);
  if (weighed.is === 'proven')
    return proven({ ...fence, dark: step.outlets }, weighed.proof, scene);
  if (weighed.is === 'failed') return methodFailed(fence, step, weighed.reason, scene);
  const { openSince, lostSince } = weighed;
  const { lostSince: _, ...cutSoFar } = step;
  const next = become(fence, { ...cutSoFar, ...(lostSince === undefined ? {} : { lostSince }) });
  if (openSince === undefined) {
    const { darkTick: __, ...undark } = next;
    return stay(undark);
  }
  const dark = scene.now - openSince >= scene.settings.timing.drainMs;
  if (!dark || next.darkTick !== undefined) return stay(next);
  return stay({ ...next, darkTick: scene.nextTick }, { kind: 'round' });
}

function proven(fence: Fence, proof: Proof, scene: Scene): FenceStepped {
  const staysOff = scene.settings.afterFence === 'stay-off' && fence.released !== true;
  const keptBy = fence.keptBy ?? (staysOff ? 'configuration' : undefined);
  const step: FenceStep =
    keptBy === undefined ? dueAt(scene.now) : { at: 'kept', since: scene.now };
  const needsRound = fence.darkTick === undefined;
  return stay(
    {
      ...become(fence, step),
      ...(keptBy === undefined ? {} : { keptBy }),
      proof,
      darkTick: fence.darkTick ?? scene.nextTick,
    },
    ...(needsRound ? [{ kind: 'round' } as const] : []),
    { kind: 'fenced', proof },
  );
}

function methodFailed(
  fence: Fence,
  step: FenceStep & { at: 'proving' },
  reason: FailReason | 'alive',
  scene: Scene,
): FenceStepped {
  const aliveAfterAll = reason === 'alive' && step.method > 0 && fence.orders.length === 0;
  const isAlive = aliveAfterAll || (fence.isHeard === true && isAvertible(fence));
  const text = `method ${step.method + 1} failed: ${reason}`;
  if (step.method + 1 < scene.methods.length && !isAlive) {
    const next = cut(fence, step.method + 1, scene);
    return { ...next, deeds: [{ kind: 'note', text }, ...next.deeds] };
  }
  return timeOut(fence, isAlive ? 'alive' : reason, [{ kind: 'note', text }], scene);
}

/** Nothing was, or can be, proven by a cut; a host that pledged its own end may be waited for. */
function timeOut(
  fence: Fence,
  reason: FailReason | 'alive',
  notes: Deed[],
  scene: Scene,
): FenceStepped {
  const { expiry } = scene;
  const ordered = fence.orders.length > 0;
  // It starts anew by itself, so it cannot be kept off; and no verdict stands against its own word.
  const mayWait = fence.keptBy === undefined && (ordered || reason !== 'alive');
  if (expiry === undefined || !mayWait) return giveUp(fence, reason, notes, scene);
  if ('why' in expiry) return giveUp(fence, expiry.why, notes, scene);
  return expel(fence, expiry, scene, notes);
}

function giveUp(
  fence: Fence,
  reason: FailReason | 'alive',
  notes: Deed[],
  scene: Scene,
): FenceStepped {
  if (fence.ack !== undefined && reason !== 'alive') {
    const sensed = scene.power.senses.some((sense) => sense.value === 'on');
    if (!sensed || fence.ack.override) return acknowledged(fence, fence.ack, reason, scene);
  }
  const deeds: Deed[] = [...notes, { kind: 'failed', reason }];
  if (scene.methods.length === 0) return over(...deeds);
  // A failed `off` stays open; whoever ordered it still wants the host without power.
  if (fence.keptBy !== undefined) {
    return { fence: become(fence, { at: 'kept', since: scene.now }), deeds };
  }
  const closing = close(fence, 0, scene);
  return { ...closing, deeds: [...closing.deeds, ...deeds] };
}

/** All that could be cut was cut, and a person has looked: it stays off until somebody gives power. */
function acknowledged(fence: Fence, ack: Ack, reason: FailReason, scene: Scene): FenceStepped {
  const text = `not proven: ${reason}; ${ack.by} answers for it: ${ack.why}`;
  const deeds: Deed[] = [
    { kind: 'note', text },
    { kind: 'acknowledged', ack, reason },
  ];
  if (scene.methods.length === 0) return over(...deeds);
  const { dark: _, ack: __, ...rest } = fence;
  const keptBy = fence.keptBy ?? ack.by;
  const kept = { keptBy, step: { at: 'kept', since: scene.now } } as const;
  return stay(
    {
      ...rest,
      ...(fence.released === true ? { step: dueAt(scene.now) } : kept),
      proof: 'by-hand',
      darkTick: fence.darkTick ?? scene.nextTick,
    },
    ...(fence.darkTick === undefined ? [{ kind: 'round' } as const] : []),
    ...deeds,
  );
}

/** Every outlet that any method may have cut. */
function close(fence: Fence, tries: number, scene: Scene): FenceStepped {
  const { now } = scene;
  const since = fence.step.at === 'closing' ? fence.step.since : now;
  return stay(become(fence, { at: 'closing', since, triedAt: now, tries }), {
    kind: 'restore',
    outlets: scene.methods.flat(),
  });
}

/** After publication anything that shows power freezes the host (S2). */
function guardDark(fence: Fence, event: FenceEvent, scene: Scene): FenceStepped | undefined {
  // By timeout a life was proven over, not the power: the next one may have it.
  if (fence.proof === 'none' || fence.proof === 'by-timeout') return undefined;
  if (event.kind === 'sign' && fence.darkTick !== undefined && event.tick >= fence.darkTick) {
    return over({ kind: 'freeze', why: 'it spoke after it was reported fenced' });
  }
  // What a person overruled cannot contradict him; only the host itself can.
  if (event.kind !== 'tick' || fence.proof === 'by-hand') return undefined;
  const { power } = scene;
  if (power.senses.some((sense) => sense.value === 'on')) {
    return over({ kind: 'freeze', why: 'a sense read on after it was reported fenced' });
  }
  const closed = fence.dark?.some((outlet) => power.contacts[outlet]?.value === 'closed');
  return closed
    ? over({ kind: 'freeze', why: 'a relay read closed after it was reported fenced' })
    : undefined;
}

/** Answers orders that joined what was proven by what is read from then on. */
function confirm(fence: Fence, event: FenceEvent, scene: Scene): FenceStepped | undefined {
  const { confirmFrom, orders, ...rest } = fence;
  if (confirmFrom === undefined || event.kind !== 'tick') return undefined;
  if (readsOff(fence.dark ?? [], fence.proof, scene, confirmFrom)) {
    return stay({ ...rest, orders: [] }, { kind: 'confirmed', orders });
  }
  const waitedMs = scene.now - confirmFrom;
  if (waitedMs <= scene.settings.timing.offHoldMs) return undefined;
  return stay({ ...rest, orders: [] }, { kind: 'unconfirmed', orders });
}

function stepDue(fence: Fence, event: FenceEvent, scene: Scene): FenceStepped {
  const contradicted = guardDark(fence, event, scene);
  if (contradicted !== undefined) return contradicted;
  const confirmed = confirm(fence, event, scene);
  if (confirmed !== undefined) return confirmed;
  // Whoever joined gets an answer before power comes back.
  if (fence.confirmFrom !== undefined && fence.keptBy === undefined) return stay(fence);
  if (fence.keptBy !== undefined) return stay(become(fence, { at: 'kept', since: scene.now }));
  return event.kind === 'tick' && scene.mayRestore ? close(fence, 0, scene) : stay(fence);
}

function stepClosing(
  fence: Fence,
  step: FenceStep & { at: 'closing' },
  event: FenceEvent,
  scene: Scene,
): FenceStepped {
  if (event.kind !== 'tick') return stay(fence);
  const { settings, power, now, judgeTickMs } = scene;
  const closed = settings.outlets.every((outlet, i) => {
    const contact = power.contacts[i];
    const ageMs = sampleAgeMs(judgeTickMs, outlet.periodMs, settings.timing.offHoldMs);
    if (!outlet.readable) return true;
    return (
      contact?.value === 'closed' && contact.askedAt >= step.since && now - contact.at <= ageMs
    );
  });
  if (closed) return over({ kind: 'restored' });
  const waitMs = Math.min(RESTORE_RETRY_MS * 2 ** step.tries, RESTORE_RETRY_MAX_MS);
  if (now - step.triedAt < waitMs) return stay(fence);
  const again = close(fence, step.tries + 1, scene);
  return { ...again, deeds: [...again.deeds, { kind: 'late' }] };
}
