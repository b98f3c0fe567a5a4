/**
 * The judge over a rack: the bench's log is the truth, the agent's word is what is judged.
 *
 * `fenced` is a claim about power, so it is held against the power edges of the log; a relay that
 * moved is held against what was said before it moved. The rest of the agent's talk decides
 * nothing here.
 */
import assert from 'node:assert/strict';
import type { BenchClient, BenchEntry } from '../../lib/bench/client.ts';
import type { AgentLine, Rack } from '../../lib/rack.ts';
import { ownerOf } from '../../lib/rack-files.ts';
import { holdMsOf } from './timing.ts';

/** Lines carry whole milliseconds of another clock, and the bench writes its log after the deed. */
const CLOCKS_MS = 8;

/** What an agent says in its last instants goes down with it. */
export const UNSAID_MS = 500;

type Edge = Extract<BenchEntry, { kind: 'contact' | 'command' | 'power' }>;

/** Everything that a relay or a supply did from `sinceMs` on. */
export function movesSince(bench: BenchClient, sinceMs: number): Edge[] {
  return bench
    .log()
    .filter((entry) => ['contact', 'command', 'power'].includes(entry.kind))
    .filter((entry): entry is Edge => entry.atMs >= sinceMs);
}

/** Throws where a relay was told anything or power moved, and says what moved. */
export function assertNothingMoved(bench: BenchClient, sinceMs = 0): void {
  const words = movesSince(bench, sinceMs).map((edge) => `${edge.kind} ${edge.host} ${edge.to}`);
  assert.ok(words.length === 0, `something moved: ${words.join(', ')}`);
}

/** Throws where any host was found dead since then. */
export function assertNoVerdict(rack: Rack, sinceMs = 0): void {
  const words = linesOf(rack, 'dead', sinceMs).map((line) => `${line.host}: ${line.text}`);
  assert.ok(words.length === 0, `found dead: ${words.join(', ')}`);
}

export function linesOf(rack: Rack, code: string, sinceMs = 0): AgentLine[] {
  return rack.said().filter((line) => line.code === code && line.atMs >= sinceMs);
}

/** The times at which a host's outlet was told to open, or to close. */
export function commandsOf(bench: BenchClient, host: string, to: 'open' | 'closed'): number[] {
  return bench
    .log()
    .filter((entry) => entry.kind === 'command' && entry.host === host && entry.to === to)
    .map((entry) => entry.atMs);
}

/** Whether the host was without power for `holdMs` on end, up to some instant of the window. */
export function wasDark(
  bench: BenchClient,
  host: string,
  window: { fromMs: number; toMs: number; holdMs: number },
): boolean {
  const edges = [...bench.edges(host), { to: 'on' as const, atMs: window.toMs }];
  let offAt: number | undefined;
  for (const { to, atMs } of edges) {
    if (to === 'off') offAt = atMs;
    else if (offAt !== undefined && atMs > window.fromMs) {
      if (Math.min(atMs, window.toMs) - offAt >= window.holdMs) return true;
      offAt = undefined;
    }
  }
  return false;
}

/** What must hold for every rack at its end, whatever was done to it. */
export function judgeRack(rack: Rack): void {
  const holdMs = holdMsOf(rack);
  // Who has no outlets keeps its power; that scenario judges by what the host did to itself.
  const cut = rack.setup.bare === true ? [] : linesOf(rack, 'fenced');
  for (const { host = '', atMs } of cut) {
    const on = rack.bench.hadPower(host, atMs - CLOCKS_MS);
    assert.ok(!on, `${host} was said to be fenced and had power`);
    const window = { fromMs: atMs - holdMs, toMs: atMs + CLOCKS_MS, holdMs };
    assert.ok(
      wasDark(rack.bench, host, window),
      `${host} was said to be fenced before it was off for ${holdMs} ms`,
    );
  }
  for (const host of hostsOf(rack)) judgeCuts(rack, host);
}

/** Each time that an outlet is told to open there was a verdict, an order or an expiry since then. */
function judgeCuts(rack: Rack, host: string): void {
  const codes = ['dead', 'order', 'timer-expired'];
  const owner = ownerOf(rack.setup, host);
  const causes = codes.flatMap((code) => linesOf(rack, code)).filter((line) => line.host === owner);
  let lastMs = 0;
  for (const atMs of commandsOf(rack.bench, host, 'open')) {
    const cause = causes.some((line) => line.atMs > lastMs && line.atMs <= atMs + CLOCKS_MS);
    if (!cause && diesSoon(rack.bench, atMs)) continue;
    assert.ok(cause, `an outlet of ${host} was told to open without a cause`);
    lastMs = atMs;
  }
}

/** An agent that is killed takes its last lines along; truth.ts holds such a cut against the deeds. */
function diesSoon(bench: BenchClient, atMs: number): boolean {
  return bench.log().some((entry) => {
    const isEnd = entry.kind === 'owner' && entry.what === 'lost' && entry.atMs >= atMs;
    return isEnd && entry.atMs - atMs < UNSAID_MS;
  });
}

function hostsOf(rack: Rack): string[] {
  const named = rack.bench.log().flatMap((entry) => ('host' in entry ? [entry.host] : []));
  return [...new Set(named)];
}
