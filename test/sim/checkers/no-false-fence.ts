/**
 * No healthy host is cut by verdict (S3, S4, S5, S6 of the safety rules, and doubt).
 *
 * Judged at the first relay that an autonomous fence moves, by what the board was surely told until
 * then. It must not have heard the host, on any channel, for a deadtime; not have a sign of life
 * that only doubts the silence; not stand just behind a stall or an outage of its own; not be
 * without any proof that it would have heard; and the host must be a member, in the life heard
 * last, which no verdict has cut before. The loss of its keys, to a host that ends itself for it, is
 * such a cut, too; and neither follows on a first cut in vain once the host is heard again.
 *
 * A watchdog timer is the same verdict with its timeout for deadtime, unless it is the host's own
 * standing order: nothing on it kicked in time, or it left to go off. Then only S4 is asked.
 */
import type { Effect } from '../../../firmware-agent/core/events.ts';
import type { Checker, Complaint, Witness } from '../witness.ts';
import {
  doubtByOrder,
  EARS_LOOK_AT,
  type Ear,
  type Ears,
  ears,
  heardAt,
  quietMs,
  WAYS,
} from './ears.ts';
import { FENCES_LOOK_AT, fences, type RunningFence } from './fences.ts';
import { type Proofs, proofs } from './proofs.ts';
import { type Rules, rulesOf } from './rules.ts';
import { type TimerTruths, timerTruths } from './timer-truths.ts';

interface Judge {
  rules: Rules;
  ears: Ears;
  proofs: Proofs;
  timers: TimerTruths;
  /** The lives that a verdict has cut in this life of the board, by host. */
  spent: Map<number, number>;
}

export const noFalseFence: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const all = fences(rules.all.map(({ host }) => host));
  const judge: Judge = {
    rules,
    ears: ears(rules),
    proofs: proofs(rules),
    timers: timerTruths(rules),
    spent: new Map(),
  };
  return {
    looksAt: [...EARS_LOOK_AT, ...FENCES_LOOK_AT, 'echoed', 'order'],
    truth: (at, truth) => {
      judge.ears.truth(at, truth);
      judge.proofs.truth(at, truth);
      judge.timers.truth(at, truth);
      if (truth.kind === 'agent' && truth.is === 'ended') judge.spent.clear();
    },
    step: (at, event, effects) => {
      judge.ears.step(at, event, effects);
      judge.proofs.step(at, event);
      judge.timers.step(event);
      all.event(event);
      if (event.kind === 'order') doubtByOrder(judge.ears, at, event, effects);
      for (const effect of effects) {
        const number = whoIsEnded(effect);
        const host = number === undefined ? undefined : all.hosts[number];
        const { running } = host ?? {};
        if (number !== undefined && running !== undefined && host?.cutting.length === 0) {
          if (running.cause !== 'order') {
            for (const broken of judgeEnd(judge, at, number, running)) complain(broken);
          }
        }
        all.effect(at, event, effects, effect);
      }
    },
  };
};

/** The host of a cut, or of an expulsion (by-timeout). */
function whoIsEnded(effect: Effect): number | undefined {
  if (effect.kind === 'cut') return effect.host;
  return effect.kind === 'news' && effect.code === 'waiting' ? effect.host : undefined;
}

function judgeEnd(judge: Judge, at: number, host: number, running: RunningFence): Complaint[] {
  if (running.cuts === 0) return judgeCut(judge, at, host, running);
  const ear = judge.ears.hosts[host];
  const { cause, cutAt = Number.POSITIVE_INFINITY } = running;
  if (cause !== 'verdict' || ear === undefined || heardAt(ear) <= cutAt) return [];
  const sentence = 'it was heard again after a cut in vain, and was cut, or expelled, all the same';
  return [{ rule: 'S5', at, host, sentence }];
}

function judgeCut(judge: Judge, at: number, host: number, running: RunningFence): Complaint[] {
  const ear = judge.ears.hosts[host];
  const say = (rule: string, sentence: string): Complaint => ({ rule, at, host, sentence });
  if (ear === undefined) return [say('S8', `a host that is not there was cut: ${host}`)];
  const isTimer = running.cause === 'timer';
  if (isTimer && judge.timers.mayStand(host, ear.left && ear.goesOff, at)) {
    const late = settling(judge, ear, at);
    return late === undefined ? [] : [say('S4', late)];
  }
  const deadMs = isTimer
    ? Math.min(ear.rules.deadMs, judge.timers.shortestMs(host))
    : ear.rules.deadMs;
  const found = [
    fresh(judge.ears, ear, at, deadMs),
    member(ear, isTimer, at),
    doubted(ear, at),
    settling(judge, ear, at),
    outage(judge, ear, at, deadMs),
    unproven(judge, ear, at, deadMs),
  ];
  const { incarnation } = ear;
  if (judge.spent.get(host) === incarnation && incarnation !== 0) {
    found.push(['S3', `life ${incarnation} was cut by verdict before`]);
  }
  judge.spent.set(host, incarnation);
  return found.flatMap((broken) => {
    if (broken === undefined) return [];
    return typeof broken === 'string' ? [say('S4', broken)] : [say(...broken)];
  });
}

type Broken = [rule: string, sentence: string] | undefined;

/** S3, S5: a fresh beat within the deadtime, on any channel. */
function fresh(all: Ears, ear: Ear, at: number, deadMs: number): Broken {
  const sinceMs = quietMs(all, ear, at);
  if (sinceMs >= ear.rules.atLeast(deadMs)) return undefined;
  return ['S3', `it was cut after ${sinceMs.toFixed(0)} ms of listening; deadtime is ${deadMs} ms`];
}

/** Absent is not dead, and neither is who left, or leaves within its grace. */
function member(ear: Ear, isTimer: boolean, at: number): Broken {
  if (ear.incarnation === 0 && ear.uselessAt === Number.NEGATIVE_INFINITY) {
    return ['S3', 'it was cut by verdict and never heard in this life of the board'];
  }
  if (ear.missed) return ['S3', 'its power was switched, and it was not heard since'];
  if (ear.left) return ['S3', 'it left in good order and was cut by verdict'];
  if (at < ear.leavingUntil && !(isTimer && ear.goesOff)) {
    return ['S3', 'it asked for leave and was cut within its grace'];
  }
  return ear.twoAgents ? ['S3', 'two agents claim it, and it was cut without an order'] : undefined;
}

function doubted(ear: Ear, at: number): Broken {
  if (at >= ear.doubtUntil) return undefined;
  return ['S3', 'it was cut while a stale beat, or its order, said that it lives'];
}

/** S4: three keepalives of listening after a stall of the board. */
function settling({ ears: { stall }, rules }: Judge, ear: Ear, at: number): string | undefined {
  if (stall.lengthMs <= rules.lagMs) return undefined;
  const sinceMs = at - stall.endAt;
  if (sinceMs >= rules.atLeast(3 * ear.rules.keepaliveMs)) return undefined;
  return `it was cut ${sinceMs.toFixed(0)} ms after the board had stood still`;
}

/** After an outage longer than P silence counts anew, and for longer (S3). */
function outage({ ears: { stall, media } }: Judge, ear: Ear, at: number, deadMs: number): Broken {
  const lastAt = heardAt(ear);
  const { proofGapMs, initdeadMs, host } = ear.rules;
  const isShort = (endAt: number, lengthMs: number): boolean =>
    lengthMs > proofGapMs * 1.01 + 1 &&
    endAt > lastAt &&
    at - endAt < ear.rules.atLeast(Math.max(deadMs, Math.min(lengthMs, initdeadMs)));
  if (isShort(stall.endAt, stall.lengthMs)) {
    return [
      'S3',
      `it was cut ${(at - stall.endAt).toFixed(0)} ms after a stall of the board of ` +
        `${stall.lengthMs.toFixed(0)} ms`,
    ];
  }
  for (const name of WAYS) {
    const way = ear.ways[name];
    const medium = media[name === 'mqtt' ? 0 : host];
    if (!way.carried || medium === undefined) continue;
    if (!medium.on && at - Math.max(medium.changedAt, way.freshAt) < ear.rules.atLeast(deadMs)) {
      return ['S3', `${name} carried it, and was closed for less than a deadtime`];
    }
    if (medium.on && medium.gapEndAt > way.freshAt && isShort(medium.gapEndAt, medium.gapMs)) {
      return [
        'S3',
        `it was cut ${(at - medium.gapEndAt).toFixed(0)} ms after an outage of ${name}`,
      ];
    }
  }
  return undefined;
}

/** Silence needs proof, of either kind (S3). */
function unproven(judge: Judge, ear: Ear, at: number, deadMs: number): Broken {
  if (ear.rules.settings.silence !== 'prove') return undefined;
  if (judge.proofs.mayBeFar(ear, at)) return undefined;
  const { serial, mqtt } = ear.ways;
  const near = judge.proofs.isNear(ear, at, deadMs);
  const apartMs = Math.abs(serial.freshAt - mqtt.freshAt);
  const isPair = serial.carried && mqtt.carried && apartMs <= ear.rules.initdeadMs * 1.01 + 1;
  if (near && isPair) return undefined;
  return ['S3', `nothing proved its silence: ${near ? 'one channel alone' : 'no proof held'}`];
}
