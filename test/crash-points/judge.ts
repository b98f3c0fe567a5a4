/**
 * What must hold after an agent was killed at a point and started again, by the bench's log alone
 * wherever that can tell.
 *
 * No life cuts for what an earlier one was told (S7). Power is back, or left as section 6 says and
 * told so. Nobody heard of a fence that was not so (S1). The younger slot is whole. A fence that had
 * cut, or was told, is on record once, with an end, and nobody is a victim any more. And the host is
 * guarded: when it hangs next, it is fenced in time.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Durable } from '../../firmware-agent/core/durable.ts';
import { SLOT_NAMES } from '../../firmware-agent/drivers/state-file.ts';
import { decodeSlot, newestOf } from '../../firmware-agent/drivers/state-slots.ts';
import { attemptSync } from '../../protocol/attempt.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { BoardView } from '../../protocol/wire/view.ts';
import { pause, until } from '../lib/until.ts';
import { viewOf } from '../scenario/lib/hearing.ts';
import { commandsOf, judgeRack } from '../scenario/lib/judge.ts';
import { howLeft, type Left } from '../scenario/lib/left.ts';
import {
  claimsOfLog,
  claimsOfRecords,
  judgeClaims,
  judgeMoves,
  judgeSeen,
  recordsOf,
} from '../scenario/lib/truth.ts';
import { beat, connectClient, HOST, MILLIS, order, type Site, stateDir } from './site.ts';
import type { Stage } from './stages.ts';

const SETTLED_MS_MAX = 25_000;
const GUARD_TRIES_MAX = 3;

/** The state that the next start will find, and how young it is. */
export function storedState(site: Site): { counter: number; durable: Durable } {
  const slots = SLOT_NAMES.map((name) => {
    const read = attemptSync(() => readFileSync(join(stateDir(site), name)));
    return read.ok ? decodeSlot(read.value) : undefined;
  });
  const newest = slots[newestOf(slots) ?? slots.length];
  assert.ok(newest !== undefined, 'no slot of the state file is whole');
  const durable = JSON.parse(Buffer.from(newest.payload).toString()) as Durable;
  assert.equal(durable.format, 1);
  return { counter: newest.counter, durable };
}

export interface Killed {
  /** When the stage began, and when the agent was gone. */
  fromMs: number;
  atMs: number;
  /** How young the state was before the stage; undefined where the storage keeps none. */
  counter: number | undefined;
}

/** Starts the agent again after it was killed, and judges everything; leaves hosts that beat. */
export async function judgePoint(
  site: Site,
  stage: Pick<Stage, 'left' | 'moves'>,
  killed: Killed,
): Promise<Left> {
  const { rack } = site;
  if (killed.counter !== undefined) {
    const isYoung = storedState(site).counter >= killed.counter;
    assert.ok(isYoung, 'the state on the disk is older than it was');
  }
  await rack.startAgent();
  const left = await settled(site);
  assert.ok(stage.left.includes(left), `the host is left so: ${left}`);
  if (!stage.moves)
    assert.deepEqual(movesSince(site, killed.fromMs), [], 'a relay was told to move');
  const isNew = (atMs: number): boolean => atMs > killed.atMs;
  assert.deepEqual(commandsOf(rack.bench, HOST, 'open').filter(isNew), [], 'the next life cut');
  await judgeRecords(site, killed, left);
  await mend(site, left);
  await judgeGuard(site);
  judgeWords(site, await claimsOfRecords(rack));
  return left;
}

function movesSince({ rack }: Site, sinceMs: number): string[] {
  return rack.bench
    .log()
    .filter((entry) => entry.kind === 'command' && entry.atMs > sinceMs)
    .map((entry) => ('to' in entry ? String(entry.to) : ''));
}

async function settled({ rack }: Site): Promise<Left> {
  const endMs = monotonicMs() + SETTLED_MS_MAX;
  let view: BoardView | undefined;
  while (monotonicMs() < endMs) {
    view = await viewOf(rack);
    const left = view === undefined ? undefined : await howLeft(rack, HOST, view);
    if (left !== undefined) return left;
    await pause(40);
  }
  const shown = view?.hosts.find(({ name }) => name === HOST);
  throw new Error(`it is not settled: ${JSON.stringify([shown, view?.alarms])}`);
}

/** Every fence that cut is on record, each with its end; nobody is a victim who has power. */
async function judgeRecords(site: Site, killed: Killed, left: Left): Promise<void> {
  const { fromMs, atMs, counter } = killed;
  const records = (await recordsOf(site.rack)).filter(({ host }) => host === HOST);
  const wasCut = commandsOf(site.rack.bench, HOST, 'open').some((ms) => ms > fromMs && ms <= atMs);
  const isLost = wasCut && counter !== undefined && records.length === 0;
  assert.ok(!isLost, 'a fence that cut is not on record');
  const ids = new Set(records.map(({ id }) => id));
  assert.equal(ids.size, records.length, 'a fence is on record twice');
  const told = site.rack.agent
    .lines()
    .filter((line) => line.code === 'fenced' && line.host === HOST && line.atMs > fromMs);
  const isForgotten = counter !== undefined && told.length > records.length;
  assert.ok(!isForgotten, 'a fence that was told is not on record');
  const isOver = records.every(({ outcome }) => outcome !== undefined);
  assert.ok(isOver || left === 'kept off', 'a record has no end');
  const view = await viewOf(site.rack);
  const victims = view?.hosts.filter(({ fence }) => fence !== null).map(({ name }) => name);
  assert.deepEqual(victims, left === 'kept off' ? [HOST] : [], 'the victims that the board shows');
}

/** Makes a host beat that was left otherwise, as a person would. */
export async function mend(site: Site, left: Left): Promise<void> {
  if (left === 'hangs') await site.rack.bench.host(HOST, 'resume');
  if (left === 'kept off' || left === 'found open') {
    await connectClient(site);
    assert.equal(await order(site, 'on'), 'done', 'on after the restart');
  }
  await beat(site);
}

/**
 * It hangs, and is fenced as if nothing had been. On a machine too busy to read in time a fence fails,
 * honestly, and the host, which has power again, is hung once more.
 */
async function judgeGuard(site: Site): Promise<void> {
  const { rack } = site;
  for (let tries = 1; ; tries += 1) {
    // One that was heard only once may still be booting, and gets more time.
    await pause(2.5 * MILLIS.keepaliveMs);
    const sinceMs = monotonicMs();
    site.deeds.push({ host: HOST, what: 'hang', atMs: sinceMs });
    await rack.bench.host(HOST, 'hang');
    const end = await rack.agent.waitFor('the host that hangs is fenced', (line) => {
      const isEnd = line.code === 'fenced' || line.code === 'failed';
      return isEnd && line.host === HOST && line.atMs > sinceMs;
    });
    await beat(site);
    if (end.code === 'fenced') return;
    assert.ok(tries < GUARD_TRIES_MAX, `it was not fenced: ${end.text}`);
  }
}

/** S1, S7 and S8 over all that was said and done on this site so far. */
export function judgeWords(site: Site, records: Awaited<ReturnType<typeof claimsOfRecords>>): void {
  const { rack, claims, deeds } = site;
  const said = claimsOfLog(rack);
  judgeClaims(rack, [...claims, ...said, ...records]);
  judgeSeen(rack, said);
  judgeMoves(rack, deeds);
  judgeRack(rack);
}

/** After an orderly end nothing is left unfinished on the disk. */
export async function judgeEnd(site: Site): Promise<void> {
  await until('nobody is a victim', async () => {
    return (await viewOf(site.rack))?.hosts.every(({ fence }) => fence === null);
  });
  site.rack.agent.signal('SIGTERM');
  await site.rack.agent.ended;
  const { fences } = storedState(site).durable;
  assert.deepEqual(fences, [], 'the disk knows of a victim');
}
