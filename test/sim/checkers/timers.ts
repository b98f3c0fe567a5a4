/**
 * Watchdog timers (R1 and S13): what is `nowayout` stands until the life is over, nothing arms a
 * timer that nobody wished for, and an expiry does what the timer was set to do.
 *
 * Where a timer stands is what the board itself told last; held against what was wished by the
 * configuration, by an order or by the host.
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import { decodeTimer, type TimerSettings } from '../../../protocol/wire/timer.ts';
import type { Checker, Witness } from '../witness.ts';
import { FENCES_LOOK_AT, type Fences, fences } from './fences.ts';
import { rulesOf } from './rules.ts';

interface Told {
  armed: boolean;
  nowayout: boolean;
  action: string;
  /** The life that was heard when it was armed. */
  incarnation: number;
  heard: number;
}

interface Wishes {
  list: TimerSettings[];
  told: Told;
  /** It said that it goes off: then whatever the timer would do, it is kept off. */
  goesOff: boolean;
}

/** Wishes of one host that are kept: the latest are those that can be in force. */
const WISHES = 64;

export const timers: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const all: Fences = fences(rules.all.map(({ host }) => host));
  const hosts: Wishes[] = [];
  for (const { host, settings: of } of rules.all) {
    hosts[host] = { list: of.timer === undefined ? [] : [of.timer], told: off(), goesOff: false };
  }
  const say = (rule: string, at: number, host: number, sentence: string): void =>
    complain({ rule, at, host, sentence });
  return {
    looksAt: [...FENCES_LOOK_AT, 'order', 'heard'],
    truth: (_, truth) => {
      if (truth.kind !== 'agent' || truth.is === 'started') return;
      for (const { host } of rules.all) reset(hosts[host]);
    },
    step: (at, event, effects) => {
      noteWish(hosts, event);
      all.event(event);
      for (const effect of effects) {
        if (effect.kind === 'news') judgeNews(hosts, at, event, effect, say);
        if (effect.kind === 'answer') judgeAnswer(hosts, at, effect, say);
        if (effect.kind === 'cut' || effect.kind === 'pulse')
          judgeDeed(hosts, all, at, effect, say);
        all.effect(at, event, effects, effect);
      }
    },
  };
};

function off(): Told {
  return { armed: false, nowayout: false, action: 'none', incarnation: 0, heard: 0 };
}

function reset(host: Wishes | undefined): void {
  if (host === undefined) return;
  host.told = off();
  host.goesOff = false;
}

function noteWish(hosts: readonly Wishes[], event: Event): void {
  if (event.kind === 'order') wish(hosts[event.order.host], event.order.args.timer);
  if (event.kind !== 'heard') return;
  const { opened } = event;
  const host = hosts[opened.host];
  if (host === undefined || !('echo' in opened)) return;
  host.told.heard = opened.incarnation;
  if (opened.kind === 'leaving' || opened.kind === 'left') host.goesOff = opened.reason === 'off';
  if (opened.kind === 'kick' && opened.op === 'timer-set') wish(host, decodeTimer(opened.args));
}

function wish(host: Wishes | undefined, timer: TimerSettings | undefined): void {
  if (host === undefined || timer === undefined) return;
  host.list = [...host.list.slice(-WISHES), timer];
}

type Say = (rule: string, at: number, host: number, sentence: string) => void;

function judgeNews(
  hosts: readonly Wishes[],
  at: number,
  event: Event,
  news: Effect & { kind: 'news' },
  say: Say,
): void {
  const host = news.host === undefined ? undefined : hosts[news.host];
  if (host === undefined || news.host === undefined || news.over === true) return;
  const { told } = host;
  // The end of the life ends the timer, and is told after it or in the same step.
  const isOver =
    told.incarnation !== told.heard ||
    event.kind === 'judge' ||
    event.kind === 'sense' ||
    event.kind === 'contact';
  if (news.code === 'fenced' || news.code === 'acknowledged')
    host.told = { ...off(), heard: told.heard };
  if (news.code !== 'timer' || news.level !== 'info') return;
  if (told.armed && told.nowayout && !isOver) {
    say('S13', at, news.host, `its nowayout timer was changed: ${news.text}`);
  }
  const armed = news.text.startsWith('its timer is armed');
  if (!armed) {
    host.told = { ...off(), heard: told.heard };
    return;
  }
  const words = /armed: (\S+) after ([\d.]+) s without a (\w+)(, nowayout)?, by/.exec(news.text);
  const [, action = 'none', seconds = '0', mode = '', way] = words ?? [];
  host.told = {
    armed: true,
    nowayout: way !== undefined,
    action,
    incarnation: told.heard,
    heard: told.heard,
  };
  const isWished = host.list.some(
    (one) =>
      one.action === action &&
      one.mode === mode &&
      one.nowayout === (way !== undefined) &&
      Math.abs(one.timeoutMs - 1_000 * Number(seconds)) < 1,
  );
  if (!isWished) say('R1', at, news.host, `nobody wished for its timer: ${news.text}`);
}

function judgeAnswer(
  hosts: readonly Wishes[],
  at: number,
  { answer }: Effect & { kind: 'answer' },
  say: Say,
): void {
  const told = hosts[answer.host]?.told;
  if (told === undefined || answer.outcome !== 'accepted') return;
  if (answer.op !== 'timer-off' && answer.op !== 'timer-set') return;
  if (told.armed && told.nowayout && told.incarnation === told.heard) {
    say('S13', at, answer.host, `${answer.op} was accepted for a nowayout timer`);
  }
}

/** What an expiry does is what the timer was set to do; who goes off is kept off. */
function judgeDeed(
  hosts: readonly Wishes[],
  all: Fences,
  at: number,
  effect: Effect & { kind: 'cut' | 'pulse' },
  say: Say,
): void {
  const of = all.hosts[effect.host];
  const host = hosts[effect.host];
  if (of?.running?.cause !== 'timer' || of.running.cuts > 0 || host === undefined) return;
  if (of.cutting.length > 0) return;
  const { armed, action } = host.told;
  if (!armed) return say('R1', at, effect.host, 'a timer acted that is not armed');
  const isFence = action === 'off' || action === 'cycle' || (host.goesOff && action !== 'none');
  if (effect.kind === 'cut' && !isFence) {
    say('R1', at, effect.host, `its timer was set to ${action}, and it was cut`);
  }
}
