/**
 * What a scenario is: a theme with a name, a story on real processes, and the promises it shows.
 *
 * A story is told once and its promises are checked along the way, because the interesting faults
 * need half a minute of running machines and most of them can be looked at from several sides. A
 * promise that fails does not end the story: what follows is checked too, and the racks of a
 * scenario are judged once more at its end (judge.ts), whatever it looked at itself.
 */
import { after, monotonicMs } from '../../../protocol/link/timers.ts';
import { type Mosquitto, mosquittoBroker } from '../../lib/brokers/mosquitto.ts';
import { openPath, type Path } from '../../lib/brokers/path.ts';
import { type Rack, type RackSetup, startRack } from '../../lib/rack.ts';
import { judgeRack } from './judge.ts';

export interface Scenario {
  name: string;
  /** What it takes on a quiet machine; the longest are started first. */
  aboutS: number;
  /** It plays on several racks at once, and leaves no processor for others. */
  alone?: true;
  /** How long it may take; four minutes by default. */
  limitMs?: number;
  run(stage: Stage): Promise<void>;
}

/** What a story has at hand; all that it opens is closed after it. */
export interface Stage {
  /** Shows one promise; what `check` throws is its failure. */
  promise(title: string, check: () => void | Promise<void>): Promise<void>;
  rack(setup: RackSetup): Promise<Rack>;
  broker(): Promise<Mosquitto>;
  path(brokerPort: number): Promise<Path>;
}

/** One promise and what became of it. */
export interface Shown {
  scenario: string;
  title: string;
  tookMs: number;
  /** Absent where it held. */
  failure?: string;
}

/** A story that has not ended by then hangs, unless it says how long it may take. */
const SCENARIO_MS_MAX = 240_000;

/** Tells one story to its end; `show` hears of each promise as it is settled. */
export async function play(scenario: Scenario, show: (shown: Shown) => void): Promise<void> {
  const closers: ((failed: boolean) => Promise<void>)[] = [];
  const racks: Rack[] = [];
  let failed = false;
  const settle = async (title: string, check: () => void | Promise<void>): Promise<void> => {
    const startedAt = monotonicMs();
    const failure = await failureOf(check);
    failed ||= failure !== undefined;
    const tookMs = monotonicMs() - startedAt;
    const outcome = failure === undefined ? {} : { failure };
    show({ scenario: scenario.name, title, tookMs, ...outcome });
  };
  const stage: Stage = {
    promise: settle,
    rack: async (setup) => {
      const rack = await startRack(setup);
      racks.push(rack);
      closers.unshift(async (isToKeep) => {
        await rack.close(isToKeep ? 'keep' : undefined);
        if (isToKeep) process.stdout.write(`  kept for a look: ${rack.dir}\n`);
      });
      return rack;
    },
    broker: async () => opened(closers, await mosquittoBroker()),
    path: async (port) => opened(closers, await openPath(port)),
  };
  const story = await failureOf(() =>
    inTime(scenario.run(stage), scenario.limitMs ?? SCENARIO_MS_MAX),
  );
  if (story !== undefined) {
    await settle('the story reaches its end', () => {
      throw new Error(story);
    });
  }
  await settle('nothing was reported that was not so, and no relay moved without a cause', () => {
    for (const rack of racks) judgeRack(rack);
  });
  for (const close of closers) await close(failed);
}

function opened<T extends { close(): Promise<void> }>(
  closers: ((failed: boolean) => Promise<void>)[],
  thing: T,
): T {
  closers.unshift(() => thing.close());
  return thing;
}

async function failureOf(check: () => void | Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function inTime(story: Promise<void>, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = after(limitMs, () => reject(new Error('it hangs')));
    story.then(resolve, reject).finally(() => limit.cancel());
  });
}
