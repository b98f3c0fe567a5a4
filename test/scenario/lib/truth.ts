/**
 * Whether everything that was said and done in a run was so, judged by the bench's log alone.
 *
 * Two questions are asked of any run, whatever was killed in it. S1: everybody who heard that a
 * host is off (the log, the events, the answers under a MAC, the records) heard the truth: it was
 * without power for the whole hold by then. S8: every move of a contact has exactly one cause that
 * the agent told of in the life that moved it, or lies in the relay itself; and each deed of the
 * scenario (an order, a hang) is the cause of one cut at most, in whatever life.
 *
 * A killed agent takes the last lines of its log along, so what it did in its last instants is held
 * against the deeds alone.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { controlClient } from '../../../protocol/control/client.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { nameOf, OUTCOME, type Outcome, PROOF } from '../../../protocol/wire/messages.ts';
import { openAnswer } from '../../../protocol/wire/session/orderer.ts';
import type { FenceRecord } from '../../../protocol/wire/view.ts';
import type { BenchEntry } from '../../lib/bench/client.ts';
import { type AgentLine, atMsOf, type Rack } from '../../lib/rack.ts';
import { UNSAID_MS, wasDark } from './judge.ts';
import { AGENT, crypto, type Heard, ringOf } from './orderer.ts';
import { holdMsOf } from './timing.ts';

/** What the scenario did that may end in one cut. */
export interface Deed {
  host: string;
  what: 'fence' | 'off' | 'hang';
  atMs: number;
}

/** One voice that said of one host that it is off, or was until it was restored. */
export interface Claim {
  by: string;
  host: string;
  /** When it was said or heard. */
  atMs: number;
  /** The darkness that it means ended, if at all, after this. */
  sinceMs: number;
}

/** One final or first answer of the board, as anybody at the broker could see it. */
export interface Answered {
  cmdId: string;
  host: number;
  outcome: Outcome;
  proof: string;
  detail: string;
  atMs: number;
}

/** Lines carry whole milliseconds of another clock, and the bench writes its log after the deed. */
const CLOCKS_MS = 8;
/** The log's times of one fence lie so close together. */
const SOON_MS = 60;
/** On a busy machine a command and the words about it lie so far apart. */
const LAG_MS = 500;
/** What an earlier life had proven is repeated so soon, or not at all. */
const REPEATED_MS_MAX = 10_000;
/** An order is obeyed for 30 s, and a verdict comes a few deadtimes after its cause. */
const CAUSE_MS_MAX = 40_000;

/** Reads the answers to one orderer out of what a tap heard; those of others are skipped. */
export function answersIn(
  heard: readonly Heard[],
  orderer: { orderer: number; name: string },
  keyText: string,
): Answered[] {
  const ring = ringOf(keyText);
  const topic = `fencepost/${AGENT.name}/result/${orderer.name}`;
  return heard.flatMap(({ topic: at, payload, atMs }) => {
    if (at !== topic) return [];
    const opened = openAnswer(crypto, ring, orderer, 'mqtt', payload);
    if ('refused' in opened || opened.message.kind !== 'result') return [];
    const { cmdId, host, outcome, proof, detail } = opened.message;
    return {
      cmdId: Buffer.from(cmdId).toString('hex'),
      host,
      outcome: nameOf(OUTCOME, outcome) ?? 'stale',
      proof: nameOf(PROOF, proof) ?? 'none',
      detail: Buffer.from(detail.subarray(1)).toString('ascii'),
      atMs,
    };
  });
}

/** Every `done` with a proof among these answers. */
export function claimsOfAnswers(rack: Rack, answers: readonly Answered[]): Claim[] {
  return answers
    .filter(({ outcome, proof }) => outcome === 'done' && proof !== 'none')
    .map(({ host, atMs }) => {
      const name = rack.setup.hosts[host - 1] ?? '';
      return { by: 'an answer', host: name, atMs, sinceMs: atMs - CAUSE_MS_MAX };
    });
}

/** Every `fenced` of the agent's log. */
export function claimsOfLog(rack: Rack): Claim[] {
  return rack
    .said()
    .filter((line) => line.code === 'fenced')
    .map(({ host = '', atMs }) => ({ by: 'the log', host, atMs, sinceMs: atMs - SOON_MS }));
}

/** Every `fenced` of the events that a tap heard, by the time that the agent gave it. */
export function claimsOfEvents(rack: Rack, heard: readonly Heard[]): Claim[] {
  return heard.flatMap(({ topic, payload }) => {
    if (topic !== `fencepost/${AGENT.name}/event`) return [];
    const event: Record<'code' | 'host' | 'at', string> = JSON.parse(
      Buffer.from(payload).toString(),
    );
    const saidMs = atMsOf(event.at) - (rack.setup.wallAheadMs ?? 0);
    if (event.code !== 'fenced') return [];
    return { by: 'an event', host: event.host, atMs: saidMs, sinceMs: saidMs - SOON_MS };
  });
}

/** Every record that ended in `fenced`, as the agent that runs now shows them. */
export async function claimsOfRecords(rack: Rack): Promise<Claim[]> {
  const claims = (await recordsOf(rack)).map((record): Claim | undefined => {
    const said = record.entries.find(({ what }) => what.startsWith('fenced, '));
    if (record.outcome !== 'fenced' && said === undefined) return undefined;
    assert.ok(said !== undefined, `a record of ${record.host} says fenced and not when`);
    const startedMs = atMsOf(record.startedAt ?? '') - (rack.setup.wallAheadMs ?? 0);
    const atMs = startedMs + said.atMs;
    // It is dated when it is written: on a busy machine some time after the fact.
    return { by: 'a record', host: record.host, atMs, sinceMs: atMs - LAG_MS };
  });
  return claims.filter((claim) => claim !== undefined);
}

export async function recordsOf(rack: Rack): Promise<FenceRecord[]> {
  const client = await controlClient(join(rack.dir, 'agent.sock'));
  assert.ok(client.ok, 'the agent answers on its socket');
  const answer = await client.value.ask({ ask: 'records' });
  client.value.close();
  assert.ok(answer.ok && answer.value.is === 'records', 'the agent shows its records');
  return answer.value.records;
}

/** S1: throws where a claim is not backed by a whole hold without power. */
export function judgeClaims(rack: Rack, claims: readonly Claim[]): void {
  const holdMs = holdMsOf(rack);
  for (const { by, host, atMs, sinceMs } of claims) {
    const so = wasDark(rack.bench, host, { fromMs: sinceMs, toMs: atMs + CLOCKS_MS, holdMs });
    assert.ok(so, `${by} says that ${host} is off, and it was not for ${holdMs} ms`);
  }
}

/**
 * S7: a life of the agent says `fenced` or `done` only of what it saw for a whole hold itself, or
 * repeats what an earlier life had seen for as long. Throws where one could not have seen it.
 */
export function judgeSeen(rack: Rack, claims: readonly Claim[]): void {
  const holdMs = holdMsOf(rack);
  const connected = rack.bench
    .log()
    .filter((entry) => entry.kind === 'owner' && entry.what === 'connected');
  for (const { by, host, atMs } of claims) {
    const life = livesOf(rack).find(({ toMs }) => atMs < toMs);
    const bornMs = connected.find((entry) => entry.atMs >= (life?.fromMs ?? 0))?.atMs ?? 0;
    if (life === undefined || atMs + CLOCKS_MS - bornMs >= holdMs) continue;
    const before = { fromMs: life.fromMs - REPEATED_MS_MAX, toMs: life.fromMs, holdMs };
    const seen = wasDark(rack.bench, host, before);
    assert.ok(
      seen,
      `${by} says that ${host} is off, and that life had not seen it for ${holdMs} ms`,
    );
  }
}

/** One life of the agent, from the loss of the last owner to its own. */
interface Life {
  fromMs: number;
  toMs: number;
}

function livesOf(rack: Rack): Life[] {
  const ends = rack.bench
    .log()
    .filter((entry) => entry.kind === 'owner' && entry.what === 'lost')
    .map(({ atMs }) => atMs);
  const edges = [0, ...ends, monotonicMs() + UNSAID_MS + 1];
  return edges.slice(1).map((toMs, i) => ({ fromMs: edges[i] ?? 0, toMs }));
}

type Move = Extract<BenchEntry, { kind: 'command' | 'contact' }>;

/** S8: throws where a contact moved, or was told to, without exactly one cause. */
export function judgeMoves(rack: Rack, deeds: readonly Deed[]): void {
  const log = rack.bench.log();
  const moves = log.filter(
    (entry): entry is Move => entry.kind === 'command' || entry.kind === 'contact',
  );
  const lives = livesOf(rack);
  const spent = new Set<Deed>();
  for (const move of moves) {
    if (move.kind === 'contact') judgeContact(rack, log, move);
    else if (move.to === 'open') judgeCut(rack, { move, lives, deeds, spent });
    else judgeRestore(rack, move, lives);
  }
}

function judgeCut(
  rack: Rack,
  given: { move: Move; lives: Life[]; deeds: readonly Deed[]; spent: Set<Deed> },
): void {
  const { move, lives, deeds, spent } = given;
  const { host, atMs } = move;
  const cause = deeds.find(
    (deed) =>
      deed.host === host &&
      !spent.has(deed) &&
      deed.atMs <= atMs &&
      atMs - deed.atMs < CAUSE_MS_MAX,
  );
  assert.ok(cause !== undefined, `${host} was cut and nobody wanted it, or not again`);
  spent.add(cause);
  const life = lives.find(({ toMs }) => atMs < toMs);
  assert.ok(life !== undefined);
  if (life.toMs - atMs < UNSAID_MS) return;
  const told = saidIn(rack, host, ['order', 'dead'], {
    fromMs: life.fromMs,
    toMs: atMs + CLOCKS_MS,
  });
  assert.ok(told, `${host} was cut in a life of the agent that told of no order and no verdict`);
}

/** A restore tells of itself right after it moved the relay. */
function judgeRestore(rack: Rack, { host, atMs }: Move, lives: Life[]): void {
  const life = lives.find(({ toMs }) => atMs < toMs);
  if (life === undefined || life.toMs - atMs < UNSAID_MS) return;
  const isTold = saidIn(rack, host, ['restoring', 'relay-open'], {
    fromMs: atMs - LAG_MS,
    toMs: atMs + LAG_MS,
  });
  assert.ok(isTold, `${host} was given power and the agent did not say so`);
}

/** A contact goes where it was last told, falls back with its owner, or has a fault of its own. */
function judgeContact(rack: Rack, log: readonly BenchEntry[], { host, to, atMs }: Move): void {
  const isReason = (entry: BenchEntry): boolean => {
    if (entry.kind === 'owner') return entry.what === 'lost' && rack.setup.line === 'non-latching';
    return (entry.kind === 'fault' || entry.kind === 'command') && entry.host === host;
  };
  const reason = log.findLast((entry) => entry.atMs <= atMs && isReason(entry));
  const goesTo = reason?.kind === 'command' ? reason.to : reason?.kind === 'owner' ? 'closed' : to;
  assert.ok(reason !== undefined && goesTo === to, `a contact of ${host} moved to ${to} by itself`);
}

function saidIn(
  rack: Rack,
  host: string,
  codes: string[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): AgentLine | undefined {
  return rack.said().find((line) => {
    const isCode = line.host === host && codes.includes(line.code ?? '');
    return isCode && line.atMs >= fromMs && line.atMs <= toMs;
  });
}
