/**
 * Orders as a history, in the manner of Jepsen (section 4 and scoreboard 24).
 *
 * Each order is an operation: given, accepted or turned down, and finally answered. The model is
 * small. An order is accepted at most once, by this life of the board, within its ttl, from a key
 * that may give it. What was accepted gets exactly one final answer, about that order and nothing
 * else; whoever asks again gets the same. The key of a host is worth nothing while that host is
 * itself being fenced, and what it gave before its dark ended is stale; of two bound keys one
 * fences at a time. A restart loses what the disk did not take: nobody owes an answer for that.
 */
import type { Answer, Effect, Event, Order } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness } from '../witness.ts';
import { EARS_LOOK_AT, type Ears, ears } from './ears.ts';
import { CUTTING } from './fences.ts';
import { type Rules, rulesOf, TTL_MAX_MS } from './rules.ts';
import { type Victims, victims } from './victims.ts';

interface Entry {
  order: Order;
  /** Accepted in this life of the board, or remembered from one before. */
  accepted: boolean;
  final: Answer | undefined;
  at: number;
  /** Lives of the board that began since. */
  restarts: number;
}

interface History {
  rules: Rules;
  ears: Ears;
  victims: Victims;
  entries: Map<string, Entry>;
  lives: number;
  say: (rule: string, at: number, answer: Answer, sentence: string) => void;
}

/** Answers are kept ten minutes, or 256 of them. */
const KEPT_MS = 600_000;
const KEPT = 256;

export const orders: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const history: History = {
    rules,
    ears: ears(rules),
    victims: victims(rules),
    entries: new Map(),
    lives: 0,
    say: (rule, at, { host, op, cmdId }, sentence) =>
      complain({ rule, at, host, sentence: `${op} ${cmdId}: ${sentence}` }),
  };
  return {
    looksAt: [...EARS_LOOK_AT, 'order'],
    truth: (at, truth) => {
      history.ears.truth(at, truth);
      history.victims.truth(truth);
      if (truth.kind !== 'agent' || truth.is !== 'started') return;
      for (const entry of history.entries.values()) entry.restarts += 1;
      forget(history, at);
    },
    step: (at, event, effects) => {
      history.ears.step(at, event, effects);
      for (const effect of effects) {
        if (effect.kind === 'answer') judgeAnswer(history, at, event, effect.answer);
        history.victims.effect(at, event, effect);
      }
      if (event.kind === 'order') owed(history, at, event.order, effects);
    },
  };
};

/** Whoever gives an order is answered in the same step, if only that it is taken. */
function owed(history: History, at: number, order: Order, effects: readonly Effect[]): void {
  const isAnswered = effects.some(
    (effect) => effect.kind === 'answer' && effect.answer.cmdId === order.cmdId,
  );
  if (!isAnswered) history.say('L3', at, { ...order } as unknown as Answer, 'it was not answered');
}

function forget({ entries }: History, at: number): void {
  for (const [cmdId, entry] of entries) {
    if (at - entry.at > 2 * KEPT_MS && entry.final !== undefined) entries.delete(cmdId);
  }
}

function judgeAnswer(history: History, at: number, event: Event, answer: Answer): void {
  const known = history.entries.get(answer.cmdId);
  const order =
    event.kind === 'order' && event.order.cmdId === answer.cmdId ? event.order : undefined;
  if (known !== undefined && !isAbout(known.order, answer)) {
    history.say('S9', at, answer, 'the answer is about another order');
  }
  if (
    order !== undefined &&
    known !== undefined &&
    answer.outcome !== 'accepted' &&
    !isFirst(known)
  ) {
    return judgeRepeat(history, at, known, order, answer);
  }
  if (answer.outcome === 'accepted') return judgeAccepted(history, at, known, order, answer);
  if (known === undefined) {
    // Turned down at once, or remembered by a disk from a life that the history has forgotten.
    if (order !== undefined) note(history, at, order, { accepted: false, final: answer });
    return;
  }
  judgeFinal(history, at, event, known, answer);
}

/** Its final answer has not come, so whatever comes with a repetition may be it. */
function isFirst(known: Entry): boolean {
  return known.accepted && known.final === undefined;
}

function isAbout(order: Order, answer: Answer): boolean {
  return (
    order.host === answer.host &&
    order.op === answer.op &&
    order.from.name === answer.from.name &&
    (answer.incarnation === order.incarnation ||
      order.incarnation === 0 ||
      answer.outcome !== 'accepted')
  );
}

function note(
  { entries }: History,
  at: number,
  order: Order,
  is: { accepted: boolean; final: Answer | undefined },
): void {
  entries.set(order.cmdId, { order, at, restarts: 0, ...is });
}

function judgeAccepted(
  history: History,
  at: number,
  known: Entry | undefined,
  order: Order | undefined,
  answer: Answer,
): void {
  const { say, ears } = history;
  if (order === undefined) return say('S9', at, answer, 'accepted, and nobody gave it now');
  if (known?.accepted === true && known.restarts === 0) {
    // The same words again while it is carried out: the same answer, and nothing more.
    if (known.final !== undefined) say('S9', at, answer, 'accepted again after its final answer');
    return;
  }
  if (known?.final !== undefined && known.restarts === 0 && at - known.at < KEPT_MS) {
    if (history.entries.size < KEPT)
      say('S9', at, answer, `accepted after it was ${known.final.outcome}`);
  }
  const ageMs = ears.ageOf(order.tick, at);
  if (order.ttlMs > TTL_MAX_MS) say('S9', at, answer, `accepted with a ttl of ${order.ttlMs} ms`);
  if (ageMs > history.rules.atMost(order.ttlMs))
    say('S9', at, answer, `accepted ${ageMs.toFixed(0)} ms old`);
  judgeRight(history, at, order, answer);
  judgeLife(history, at, order, answer);
  note(history, at, order, { accepted: true, final: undefined });
}

/** What the key allows; somebody on the board itself may do everything. */
function judgeRight(history: History, at: number, order: Order, answer: Answer): void {
  const { orderer } = order.from;
  const { say, rules, victims } = history;
  if (orderer === undefined) return;
  const key = rules.settings.orderers.find((one) => one.orderer === orderer);
  if (key === undefined) return say('S9', at, answer, 'accepted from a key that nobody has');
  const right = order.op.startsWith('timer')
    ? 'timer'
    : order.op === 'enable'
      ? 'disable'
      : order.op;
  if (!key.may.some((one) => one === right)) say('S9', at, answer, `accepted without the right`);
  if (key.hosts !== undefined && !key.hosts.includes(order.host)) {
    say('S9', at, answer, 'accepted for a host that the key may not order');
  }
  if (key.boundTo === undefined) return;
  if (order.args.override === true) say('S12', at, answer, 'an override from a bound key');
  if (order.host === 0) say('S9', at, answer, 'an order of the whole board from a bound key');
  const isPower = CUTTING.has(order.op) || order.op === 'reset' || order.op === 'diag';
  if (victims.is(key.boundTo))
    say('arbitration', at, answer, 'accepted from a host that is a victim');
  // Its tick says when it was made at the earliest; a tick of before the dark is one from then.
  if (at - history.ears.ageOf(order.tick, at) < victims.darkUntil(key.boundTo)) {
    say('arbitration', at, answer, 'its giver was fenced after it had given it');
  }
  if (!isPower) return;
  const rival = victims.boundFence(order.host);
  if (rival !== undefined)
    say('arbitration', at, answer, `accepted while host ${rival} is fenced by a bound key`);
}

/**
 * A life that is not the one that is heard is not cut for the one that is; but who joins a fence of the
 * same life cuts nothing anew, and the other may have come up before that was dark.
 */
function judgeLife(
  { ears, entries, say }: History,
  at: number,
  order: Order,
  answer: Answer,
): void {
  if (!CUTTING.has(order.op) && order.op !== 'reset' && order.op !== 'diag') return;
  const runs = ({ accepted, final, order: other }: Entry): boolean =>
    accepted &&
    final === undefined &&
    CUTTING.has(other.op) &&
    other.host === order.host &&
    other.incarnation === order.incarnation;
  if ([...entries.values()].some(runs)) return;
  const ear = ears.hosts[order.host];
  if (ear === undefined || order.incarnation === 0 || ear.missed || ear.left) return;
  const isOther = ear.incarnation !== 0 && ear.incarnation !== order.incarnation;
  // Whether the life that was heard has been ended since is for the fence to say, not for the ear.
  if (isOther && at - Math.max(ear.ways.serial.freshAt, ear.ways.mqtt.freshAt) < ear.rules.deadMs) {
    say('S9', at, answer, `accepted for life ${order.incarnation}; ${ear.incarnation} is heard`);
  }
}

function judgeFinal(
  history: History,
  at: number,
  event: Event,
  known: Entry,
  answer: Answer,
): void {
  const { say } = history;
  if (known.final !== undefined) {
    const isLost =
      event.kind === 'start' && answer.outcome === 'interrupted' && answer.detail === 'off-lost';
    // What the disk did not take of the last answer before a restart, it owes again.
    const isForgotten = known.restarts > 0 && known.final.outcome !== answer.outcome;
    if (!isLost && !(known.restarts > 0)) {
      say('S9', at, answer, `answered ${answer.outcome} after ${known.final.outcome}`);
    }
    if (isForgotten || isLost) known.final = answer;
    return;
  }
  known.final = answer;
  known.at = at;
}

function judgeRepeat(
  history: History,
  at: number,
  known: Entry,
  order: Order,
  answer: Answer,
): void {
  const { say, entries } = history;
  const was = known.order;
  const same =
    was.host === order.host &&
    was.op === order.op &&
    was.incarnation === order.incarnation &&
    was.from.name === order.from.name;
  if (!same) {
    if (answer.outcome !== 'refused')
      say('S9', at, answer, 'a cmdId that was used for another order');
    return;
  }
  const isOld = known.restarts > 0 || at - known.at > KEPT_MS || entries.size >= KEPT;
  const final = known.final;
  if (final === undefined || answer.outcome === final.outcome) return;
  // Forgotten, it is an order like any other, and too old to act.
  if (isOld || answer.outcome === 'refused' || final.outcome === 'stale') return;
  say('S9', at, answer, `asked again it was answered ${answer.outcome}, after ${final.outcome}`);
}
