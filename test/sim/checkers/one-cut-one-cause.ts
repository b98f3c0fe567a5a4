/**
 * Every move of a relay has exactly one cause, which was recorded before it (S8, S9, S11, S12).
 *
 * A cut belongs to a fence of this life of the board whose intent went to disk a step before: it
 * follows the disk's answer, or waits J for it and says `unlogged`. A fence begins in the step of
 * one accepted order for that host, or in a judge tick by verdict or timer. The first cut of an
 * ordered fence comes within the ttl of an order that means the life that is there. Each method
 * cuts its own outlets, in order, once. A pulse is for the life that was heard when it was asked for.
 * A frozen host does not move, and only an operator's `override` thaws it. Nothing is cut by a start,
 * and nothing that somebody locked is given power.
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness } from '../witness.ts';
import { EARS_LOOK_AT, type Ears, ears } from './ears.ts';
import { FENCES_LOOK_AT, fences, type OpenOrder, type RunningFence } from './fences.ts';
import { JOURNAL_MS, type Rules, rulesOf } from './rules.ts';

interface Known {
  frozen: boolean;
  /** Who keeps it off, as an answer `done` said. */
  lockedBy: string | undefined;
  /** Orders whose `done` locked it: the stored answer to a late copy locks nothing. */
  lockedFor: Set<string>;
  /** It was told to give power, or a start found outlets open that an earlier life had opened. */
  mayClose: boolean;
  /** Outlets as the board read them before it was started. */
  found: Map<number, string>;
  /** Fences and pulses of this life of the board, each with the life of the host that was heard then. */
  ids: Map<number, number>;
  cutIds: Map<number, number>;
  /** Orders that began a fence or a pulse in this life. */
  orders: Set<string>;
}

interface Judge {
  rules: Rules;
  ears: Ears;
  known: Known[];
  remembers: boolean;
  say: (rule: string, at: number, host: number, sentence: string) => void;
}

export const oneCutOneCause: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const numbers = rules.all.map(({ host }) => host);
  const all = fences(numbers);
  const known: Known[] = [];
  for (const number of numbers) known[number] = newKnown();
  const judge: Judge = {
    rules,
    ears: ears(rules),
    known,
    remembers: false,
    say: (rule, at, host, sentence) => complain({ rule, at, host, sentence }),
  };
  return {
    // The first tick of a life is dated by whatever comes first.
    looksAt: [...EARS_LOOK_AT, ...FENCES_LOOK_AT, 'contact', 'sense'],
    truth: (at, truth) => {
      judge.ears.truth(at, truth);
      if (truth.kind !== 'agent') return;
      judge.remembers = truth.remembers;
      if (truth.is === 'started') return;
      for (const number of numbers) known[number] = newKnown();
    },
    step: (at, event, effects) => {
      judge.ears.step(at, event, effects);
      all.event(event);
      if (event.kind === 'contact') known[event.host]?.found.set(event.outlet, event.value);
      if (effects.length === 0) return;
      for (const effect of effects) {
        judgeEffect(judge, at, { event, effects, effect, all });
        all.effect(at, event, effects, effect);
      }
    },
  };
};

function newKnown(): Known {
  return {
    frozen: false,
    lockedBy: undefined,
    lockedFor: new Set(),
    mayClose: false,
    found: new Map(),
    ids: new Map(),
    cutIds: new Map(),
    orders: new Set(),
  };
}

interface Seen {
  event: Event;
  effects: readonly Effect[];
  effect: Effect;
  all: ReturnType<typeof fences>;
}

function judgeEffect(judge: Judge, at: number, seen: Seen): void {
  const { effect } = seen;
  switch (effect.kind) {
    case 'journal':
      return judgeBegin(judge, at, seen, effect);
    case 'cut':
      return judgeCut(judge, at, seen, effect);
    case 'restore':
      return judgeRestore(judge, at, effect);
    case 'pulse':
      return judgePulse(judge, at, seen, effect);
    case 'answer':
      return judgeLock(judge, at, effect);
    case 'news':
      return judgeNews(judge, at, seen, effect);
    default:
  }
}

function judgeBegin(
  { known, ears, say }: Judge,
  at: number,
  { event }: Seen,
  { host, fence }: Effect & { kind: 'journal' },
): void {
  const of = known[host];
  if (of === undefined) return say('S11', at, host, 'a fence of no host began');
  if (of.ids.has(fence)) say('S8', at, host, `fence ${fence} was begun twice`);
  of.ids.set(fence, ears.hosts[host]?.incarnation ?? 0);
  if (event.kind === 'judge') return;
  if (event.kind !== 'order' || event.order.host !== host) {
    return say('S8', at, host, `a fence began by ${event.kind}, which is no cause of it`);
  }
  const { cmdId } = event.order;
  if (of.orders.has(cmdId)) say('S9', at, host, `order ${cmdId} acted a second time`);
  of.orders.add(cmdId);
}

function judgeCut(
  judge: Judge,
  at: number,
  { event, effects, all }: Seen,
  { host, fence, outlets }: Effect & { kind: 'cut' },
): void {
  const { known, say, rules } = judge;
  const of = known[host];
  const running = all.hosts[host]?.running;
  if (of === undefined) return say('S11', at, host, 'a cut of no host');
  if (of.frozen) say('S12', at, host, 'it is frozen and was cut');
  if (event.kind === 'start') say('S7', at, host, 'a start cut it');
  if (!of.ids.has(fence)) say('S8', at, host, `fence ${fence} cut without a journalled intent`);
  const nth = of.cutIds.get(fence) ?? 0;
  of.cutIds.set(fence, nth + 1);
  const method = rules.hosts[host]?.methods[nth];
  if (method === undefined || method.join() !== outlets.join()) {
    say('S11', at, host, `cut ${nth + 1} of fence ${fence} opens outlets ${outlets.join()}`);
  }
  if (nth > 0 || running?.id !== fence) return;
  if (running.begunAt === at && event.kind !== 'journalled') {
    say('S5', at, host, 'the cut came in the step that began the fence');
  }
  const isUnlogged = effects.some((one) => one.kind === 'news' && one.code === 'unlogged');
  if (!running.journalled && !isUnlogged) say('S8', at, host, 'its cut is not called unlogged');
  if (!running.journalled && at - running.begunAt < rules.atLeast(JOURNAL_MS)) {
    say('S8', at, host, 'its cut did not wait for the disk');
  }
  if (event.kind === 'judge' && !event.drained)
    say('S5', at, host, 'it was cut before the input was read');
  judgeOrders(judge, at, host, running, all.hosts[host]?.cutting ?? []);
}

/** Of an ordered fence: one order at least still holds, and means the life that is there. */
function judgeOrders(
  { ears, rules, say }: Judge,
  at: number,
  host: number,
  running: RunningFence,
  cutting: readonly OpenOrder[],
): void {
  if (cutting.length === 0) {
    if (running.cause === 'order')
      say('S9', at, host, 'the order that began it was answered before');
    return;
  }
  const ear = ears.hosts[host];
  const living = ear === undefined || ear.missed || ear.left ? 0 : ear.incarnation;
  const isGood = ({ order }: OpenOrder): boolean =>
    ears.ageOf(order.tick, at) <= rules.atMost(order.ttlMs) &&
    (order.incarnation === 0 || living === 0 || order.incarnation === living);
  if (cutting.some(isGood)) return;
  say('S9', at, host, 'no order held any more when it was cut');
}

function judgeRestore(
  { known, say, rules }: Judge,
  at: number,
  { host, fence, outlets }: Effect & { kind: 'restore' },
): void {
  const of = known[host];
  const own = rules.hosts[host]?.settings.outlets.length ?? 0;
  if (of === undefined) return say('S11', at, host, 'a restore of no host');
  if (of.frozen) say('S12', at, host, 'it is frozen and was given power');
  if (outlets.some((outlet) => outlet >= own)) say('S11', at, host, 'an outlet of no host');
  if (of.lockedBy !== undefined)
    say('S8', at, host, `${of.lockedBy} keeps it off, and it got power`);
  if (of.ids.has(fence) || of.mayClose) return;
  say('S8', at, host, `restore of fence ${fence}, which nobody began, and nobody ordered \`on\``);
}

function judgePulse(
  { known, ears, say, rules }: Judge,
  at: number,
  { effects, all }: Seen,
  { host, line, pulse }: Effect & { kind: 'pulse' },
): void {
  const of = known[host];
  const running = all.hosts[host]?.running;
  if (of === undefined) return say('S11', at, host, 'a pulse of no host');
  if (of.frozen) say('S12', at, host, 'it is frozen and was pulsed');
  if (!of.ids.has(pulse)) say('S8', at, host, `pulse ${pulse} without a journalled intent`);
  if (of.ids.has(pulse) && of.ids.get(pulse) !== (ears.hosts[host]?.incarnation ?? 0)) {
    say('HF', at, host, `pulse ${pulse} was given to a life that began after it`);
  }
  if (of.cutIds.has(pulse)) say('S9', at, host, `pulse ${pulse} was given twice`);
  of.cutIds.set(pulse, 1);
  if (rules.hosts[host]?.settings.pulses[line] === undefined) {
    say('S11', at, host, `line ${line} is none of its own`);
  }
  if (running?.id !== pulse || running.journalled) return;
  const isUnlogged = effects.some((one) => one.kind === 'news' && one.code === 'unlogged');
  if (!isUnlogged) say('S8', at, host, 'its pulse is not called unlogged');
}

/** Whoever was told that he keeps a host off, does; only he or an operator releases it. */
function judgeLock(
  { known, say }: Judge,
  at: number,
  { answer }: Effect & { kind: 'answer' },
): void {
  const of = known[answer.host];
  if (of === undefined) return;
  const { op, outcome, detail, from, cmdId } = answer;
  const locks = outcome === 'done' && detail.startsWith('kept off by ') && !of.lockedFor.has(cmdId);
  if (locks && (op === 'off' || op === 'ack')) {
    of.lockedFor.add(cmdId);
    of.lockedBy = detail.slice('kept off by '.length);
  }
  if (outcome === 'accepted' && op === 'on') {
    const isHolder = from.boundTo === undefined || from.name === of.lockedBy;
    if (of.lockedBy !== undefined && !isHolder) {
      say(
        'S8',
        at,
        answer.host,
        `${of.lockedBy} keeps it off, and ${from.name} was let release it`,
      );
    }
    of.lockedBy = undefined;
    of.mayClose = true;
  }
}

const FREEZES: ReadonlySet<string> = new Set(['integrity', 'two-lives', 'crossed', 'interrupted']);

/** What is open throughout, and nobody remembers why, stays open (section 6). */
function judgeFound({ known, remembers, rules, say }: Judge, at: number, host: number): void {
  const outlets = rules.hosts[host]?.settings.outlets ?? [];
  const read = outlets.flatMap(({ readable }, outlet) =>
    readable ? [known[host]?.found.get(outlet)] : [],
  );
  if (remembers || read.length === 0 || read.some((value) => value !== 'open')) return;
  say(
    'S7',
    at,
    host,
    'all its outlets were found open by a start that remembers nothing, and it acts',
  );
}

function judgeNews(
  judge: Judge,
  at: number,
  { event }: Seen,
  news: Effect & { kind: 'news' },
): void {
  const { known, say } = judge;
  const of = news.host === undefined ? undefined : known[news.host];
  if (of === undefined || news.host === undefined || news.over === true) return;
  if (event.kind === 'start' && news.code === 'interrupted') {
    of.mayClose = true;
    judgeFound(judge, at, news.host);
  }
  if (FREEZES.has(news.code) && news.text.startsWith('frozen')) {
    of.frozen = true;
    of.lockedBy = undefined;
  }
  if (news.code === 'fenced' && of.frozen)
    say('S12', at, news.host, 'it is frozen and was called fenced');
  if (news.code !== 'thawed') return;
  of.frozen = false;
  const isOperator =
    event.kind === 'order' &&
    event.order.host === news.host &&
    event.order.args.override === true &&
    event.order.from.boundTo === undefined;
  if (!isOperator) say('S12', at, news.host, 'it was thawed without an override');
}
