/**
 * Silence to verdict, beside Heartbeat 3 with the same timers.
 *
 * On both sides the processes of a node are stopped at a random moment between two of its beats, and
 * the clock of this process, which sees a line of a log or of the bench's log as it comes, says when the
 * verdict was there and when the first switch was spoken to. Both sides run at the same time, so that
 * whatever else the machine does falls on both.
 */
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { mosquittoBroker } from '../../lib/brokers/mosquitto.ts';
import { type Rack, startRack } from '../../lib/rack.ts';
import { pause } from '../../lib/until.ts';
import { allBeat } from '../../scenario/lib/hearing.ts';
import { type Millis, MQTT_MS, silenceToCut, timing } from '../../scenario/lib/timing.ts';
import type { Verdict } from '../report.ts';
import { most } from '../section.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { HEARTBEAT_NEEDS, heartbeatSilences } from './heartbeat.ts';
import { type Outcome, outcomeOf, type Part, rowsOf } from './outcome.ts';
import { SPREAD_HEAD, spreadCells } from './table.ts';
import type { Silence, Timers } from './timers.ts';

/** The shares of the time; the timers of Heartbeat's own examples last, because a trial takes long. */
const SETTINGS: readonly { timers: Timers; share: number }[] = [
  { timers: { keepaliveMs: 200, warntimeMs: 1_000, deadtimeMs: 2_000 }, share: 0.35 },
  { timers: { keepaliveMs: 1_000, warntimeMs: 5_000, deadtimeMs: 15_000 }, share: 0.65 },
];
const HOST = 'deimos';
const HOLD_MS = 1_000;

interface Found {
  toVerdict: Spread;
  toCall: Spread;
}

/** Takes about so long in all. */
export async function measureDetection(ms: number, tell: (what: string) => void): Promise<Part> {
  const rows: (readonly string[])[] = [];
  const verdicts: Verdict[] = [];
  const outcomes: Outcome<Found>[] = [];
  for (const { timers, share } of SETTINGS) {
    const { keepaliveMs, deadtimeMs } = timers;
    const at = `keepalive ${keepaliveMs / 1_000} s, deadtime ${deadtimeMs / 1_000} s`;
    tell(`silences at ${at}, beside Heartbeat`);
    const endsAtMs = monotonicMs() + share * ms;
    const [ours, theirs] = await Promise.all([
      outcomeOf({ of: `fencepost, ${at}` }, async () => found(await ourSilences(timers, endsAtMs))),
      outcomeOf({ of: `Heartbeat, ${at}`, needs: HEARTBEAT_NEEDS }, async () =>
        found(await heartbeatSilences(timers, endsAtMs)),
      ),
    ]);
    outcomes.push(ours, theirs);
    for (const one of [ours, theirs]) {
      rows.push(
        ...rowsOf(one, ({ toVerdict, toCall }) => [
          [one.of, ...spreadCells(toVerdict)],
          ['  to its word to the switch', ...spreadCells(toCall)],
        ]),
      );
    }
    verdicts.push(...verdictsOf(ours, theirs, { at, millis: millisOf(timers) }));
  }
  return {
    section: {
      name: 'detection',
      title: 'a node hangs: ms to the verdict, and to the first word to a switch; real processes',
      ...{ head: SPREAD_HEAD, rows, verdicts, figures: outcomes },
    },
    outcomes,
  };
}

function found(silences: readonly Silence[]): Found {
  return {
    toVerdict: spreadOf(silences.map(({ toVerdictMs }) => toVerdictMs)),
    toCall: spreadOf(silences.map(({ toCallMs }) => toCallMs)),
  };
}

function verdictsOf(
  ours: Outcome<Found>,
  theirs: Outcome<Found>,
  { at, millis }: { at: string; millis: Millis },
): Verdict[] {
  if (ours.is !== 'measured') return [];
  const { mostMs } = silenceToCut(millis, MQTT_MS);
  const bound = most(`ms to our word to the switch at ${at}`, ours.value.toCall.max, mostMs);
  if (theirs.is !== 'measured') return [bound];
  const [mine, other] = [ours.value.toCall.median, theirs.value.toCall.median];
  return [bound, most(`ms to it, median, beside Heartbeat's, at ${at}`, mine, other)];
}

function millisOf({ keepaliveMs, deadtimeMs }: Timers): Millis {
  return { keepaliveMs, deadtimeMs, holdMs: HOLD_MS, drainMs: HOLD_MS };
}

async function ourSilences(timers: Timers, endsAtMs: number): Promise<Silence[]> {
  const broker = await mosquittoBroker();
  const rack = await startRack({
    hosts: [HOST, 'phobos'],
    timing: { ...timing(millisOf(timers)), warntime: `${timers.warntimeMs}ms` },
    broker: { url: broker.url, protocol: 5 },
    ...{ holdUpMs: 100, bootMs: 100 },
  });
  const silences: Silence[] = [];
  try {
    while (silences.length < 3 || monotonicMs() < endsAtMs) {
      if (silences.length > 0) await anotherLife(rack);
      await allBeat(rack, rack.setup.hosts, ['serial', 'mqtt'], 30_000);
      await pause(4 * timers.keepaliveMs + Math.random() * timers.keepaliveMs);
      silences.push(await hang(rack, timers));
    }
    return silences;
  } finally {
    await rack.close();
    await broker.close();
  }
}

/** A life of the agent has one fence by verdict in half a minute. */
async function anotherLife(rack: Rack): Promise<void> {
  rack.agent.signal('SIGTERM');
  await rack.agent.ended;
  await rack.startAgent();
}

async function hang(rack: Rack, { deadtimeMs }: Timers): Promise<Silence> {
  const limitMs = 2 * deadtimeMs + 10_000;
  const atMs = monotonicMs();
  await rack.bench.host(HOST, 'hang');
  const told = async (): Promise<number> => {
    await rack.agent.waitFor('dead', (line) => line.code === 'dead' && line.host === HOST, limitMs);
    return monotonicMs();
  };
  const called = async (): Promise<number> => {
    await rack.bench.waitFor(
      `a cut of ${HOST}`,
      (entry) => entry.kind === 'command' && entry.to === 'open' && entry.atMs > atMs,
      limitMs,
    );
    return monotonicMs();
  };
  const [toldMs, calledMs] = await Promise.all([told(), called()]);
  await rack.bench.waitFor(
    `${HOST} has power again`,
    (entry) => entry.kind === 'power' && entry.to === 'on' && entry.atMs > calledMs,
  );
  return { toVerdictMs: toldMs - atMs, toCallMs: calledMs - atMs };
}
