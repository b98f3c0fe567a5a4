/**
 * Histories written by hand, for the tests of the checkers: a world of two or three hosts with the
 * default timers, told step by step, and all that a checker complained of it.
 */
import type { Answer, Effect, Event, Order } from '../../../firmware-agent/core/events.ts';
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { boardOf, guarded } from '../../firmware-agent/core/world/settings.ts';
import type { Checker, Complaint, Truth } from '../witness.ts';

type Way = 'serial' | 'mqtt';
type OpenedWord = (Event & { kind: 'heard' })['opened'];
type News = Effect & { kind: 'news' };

/** What a word of a host may say beside the usual. */
export interface Word {
  way?: Way;
  incarnation?: number;
  ageMs?: number;
  session?: number;
  seq?: number;
  flags?: number;
  sentAt?: number;
  kind?: 'beat' | 'left' | 'leaving';
  reason?: 'stop' | 'off' | 'stop-failed' | 'reboot';
  returnByS?: number;
}

export interface History {
  at: number;
  complaints: Complaint[];
  rules(): string[];
  truth(truth: Truth): History;
  step(event: Event, ...effects: Effect[]): History;
  /** A judge tick with these effects. */
  tick(...effects: Effect[]): History;
  /** Moves time on. */
  wait(ms: number): History;
  hear(host: number, word?: Word, ...effects: Effect[]): History;
  /** All these hosts beat on both channels for so long, and the broker echoes. */
  beats(hosts: readonly number[], ms: number): History;
  /** Nothing is heard for so long; the broker echoes, and others may beat on. */
  silence(ms: number, others?: readonly number[]): History;
  /** A fence by verdict, up to the first relay that moves. */
  verdict(host: number): History;
  end(): History;
}

export const LIFE = 100;

/** Begins a history of these hosts, which the board hears from the start on. */
export function history(
  checker: Checker,
  hosts: HostSettings[] = [guarded(1, 'one'), guarded(2, 'two')],
): History {
  const complaints: Complaint[] = [];
  const holdUpMs = new Map(hosts.map(({ host }) => [host, 100]));
  const facts = { seed: 1, settings: boardOf(hosts), holdUpMs };
  const witness = checker(facts, (complaint) => complaints.push(complaint));
  let tick = 1;
  const seqs = new Map<string, number>();
  const h: History = {
    at: 0,
    complaints,
    rules: () => complaints.map(({ rule }) => rule),
    truth: (truth) => {
      witness.truth?.(h.at, truth);
      return h;
    },
    step: (event, ...effects) => {
      witness.step?.(h.at, event, effects);
      return h;
    },
    tick: (...effects) => h.step({ kind: 'judge', drained: true }, ...effects),
    wait: (ms) => {
      h.at += ms;
      return h;
    },
    hear: (host, word = {}, ...effects) => {
      const { way = 'serial', session = host } = word;
      const key = `${host} ${way} ${session}`;
      const seq = word.seq ?? (seqs.get(key) ?? 0) + 1;
      seqs.set(key, seq);
      const { opened, truth } = wordOf(host, { ...word, seq }, h.at, tick);
      h.truth(truth);
      return h.step({ kind: 'heard', opened }, ...effects);
    },
    beats: (numbers, ms) => {
      for (const end = h.at + ms; h.at < end; h.at += 1_000) {
        tick += 1;
        h.step({ kind: 'round' }, { kind: 'round', tick }).step({ kind: 'echoed' });
        for (const host of numbers) h.hear(host).hear(host, { way: 'mqtt' });
      }
      return h;
    },
    silence: (ms, others = []) => {
      const end = h.at + ms;
      for (; h.at + 1_000 <= end; h.at += 1_000) {
        h.step({ kind: 'echoed' });
        for (const host of others) h.hear(host).hear(host, { way: 'mqtt' });
        h.tick();
      }
      h.at = end;
      return h;
    },
    verdict: (host) =>
      h
        .tick({ kind: 'journal', host, fence: 1 }, news(host, 'dead', 'alarm'))
        .wait(4)
        .step({ kind: 'journalled', host, fence: 1 }, cut(host)),
    end: () => {
      witness.end?.(h.at);
      return h;
    },
  };
  h.truth({ kind: 'agent', is: 'started', life: 1, remembers: false });
  h.step({ kind: 'listening', channel: 'mqtt', on: true });
  for (const { host } of hosts) {
    h.step({ kind: 'listening', channel: 'serial', host, on: true });
    h.truth({ kind: 'life', host, incarnation: LIFE + host, is: 'up' });
  }
  return h.step({ kind: 'start', wallMs: 0 });
}

/** A word as the board was told it, and what is true of it. */
function wordOf(
  host: number,
  word: Word & { seq: number },
  at: number,
  echo: number,
): { opened: OpenedWord; truth: Truth } {
  const { way = 'serial', incarnation = LIFE + host, ageMs = 5, session = host, seq } = word;
  const { kind = 'beat', flags = 0, reason = 'stop', returnByS = 60, sentAt = at - 5 } = word;
  const said = { host, channel: way, incarnation, what: kind, sick: (flags & 16) !== 0 } as const;
  const common = { host, channel: way, session, incarnation, seq, echo };
  const opened: OpenedWord =
    kind === 'beat'
      ? { kind, ...common, flags, bytes: new Uint8Array() }
      : kind === 'left'
        ? { kind, ...common, reason }
        : { kind, ...common, reason, returnByS };
  return { opened, truth: { kind: 'heard', ...said, sentAt, echoAt: at - ageMs } };
}

export function news(
  host: number | undefined,
  code: News['code'],
  level: News['level'] = 'info',
  text: string = code,
): News {
  return { kind: 'news', level, code, text, ...(host === undefined ? {} : { host }) };
}

export function over(host: number | undefined, code: News['code']): News {
  return { ...news(host, code), over: true };
}

export function cut(host: number, fence = 1, outlets: readonly number[] = [0]): Effect {
  return { kind: 'cut', host, outlets, fence };
}

export function restore(host: number, fence = 1): Effect {
  return { kind: 'restore', host, outlets: [0], fence };
}

/** An order of the operator, unless it says otherwise. */
export function order(differs: Partial<Order> & { host: number }): Order {
  return {
    from: { name: 'operator', orderer: 1 },
    cmdId: `cmd ${differs.host}`,
    life: 'life',
    tick: 1,
    incarnation: 0,
    op: 'fence',
    args: {},
    ttlMs: 30_000,
    ...differs,
  };
}

/** An answer to it. */
export function answer(to: Order, outcome: Answer['outcome'], more: Partial<Answer> = {}): Effect {
  const { from, cmdId, op, host, incarnation } = to;
  const proof = more.proof ?? 'none';
  const untested = proof !== 'none';
  const said: Answer = {
    ...{ from, cmdId, op, host, incarnation, outcome, proof, untested, tick: 1, detail: '' },
    ...more,
  };
  return { kind: 'answer', answer: said };
}
