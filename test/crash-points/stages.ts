/**
 * The stages of an agent's life in which it is killed: how each begins, what is done in it, and how
 * the host may be left when the agent dies anywhere in it.
 */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { AgentLine } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { carryKey, filesOf, keysDone, reloadBoard, reloadOther } from '../scenario/lib/keys.ts';
import type { Left } from '../scenario/lib/left.ts';
import type { Kind } from './points.ts';
import {
  beat,
  connectClient,
  HOST,
  killAgent,
  type Line,
  MILLIS,
  order,
  pathsOf,
  type Site,
} from './site.ts';

export interface Stage {
  name: string;
  lines: readonly Line[];
  /** From hosts that beat under a fresh agent to where the stage begins. */
  prepare(site: Site): Promise<void>;
  /** The agent runs when the stage begins; otherwise the stage starts it. */
  runs: boolean;
  /** Of these the paths are known beforehand, so their calls can be counted alone. */
  known: readonly Kind[];
  act(site: Site): Promise<void>;
  /** Undoes what the stage changed beside the agent. */
  tidy?(site: Site): Promise<void>;
  /** How the host may be left; anything else is a fault. */
  left: readonly Left[];
  /** Whether any relay may move in it at all. */
  moves: boolean;
}

const BOTH: readonly Line[] = ['latching', 'non-latching'];
const RUNNING: readonly Kind[] = ['relays', 'line', 'broker', 'client', 'log', 'state'];
const STARTING: readonly Kind[] = ['line', 'state'];

/** Some rounds of beats, samples and the save that comes after a start. */
const ROUNDS_MS = 1_500;

/** Waits for what only a living agent brings about; throws as soon as it has ended. */
async function whileAlive(site: Site, waiting: Promise<unknown>): Promise<void> {
  const { agent } = site.rack;
  // Nobody listens any more to what comes after the end.
  waiting.catch(() => undefined);
  const ended = agent.ended.then((code) => {
    throw new Error(`the agent ended with ${code}`);
  });
  await Promise.race([waiting, ended]);
}

async function restored(site: Site): Promise<void> {
  const fromMs = site.deeds.at(-1)?.atMs ?? 0;
  const power = site.rack.bench.waitFor(
    'power is back',
    (entry) => entry.kind === 'power' && entry.to === 'on' && entry.atMs > fromMs,
    20_000,
  );
  await whileAlive(site, power);
  await whileAlive(site, beat(site));
}

/** A life that has not begun among these lines begins. */
async function begins({ rack }: Site, old: ReadonlySet<AgentLine> = new Set()): Promise<void> {
  await rack.agent.waitFor('guarding begins', (line) => line.code === 'started' && !old.has(line));
}

const KEYS_FILES = ['keys', `${HOST}-keys`];

/** The next key of the host, as the help of `fencepost keys` teaches it. */
async function rotate(site: Site): Promise<void> {
  const { rack } = site;
  const owner = `host ${HOST}` as const;
  const { board } = filesOf(rack, owner);
  await keysDone(board, `add ${owner}`);
  await reloadBoard(rack);
  await carryKey(rack, owner, 2);
  await reloadOther(rack, owner);
  await pause(2 * MILLIS.keepaliveMs);
  await keysDone(board, `switch ${owner} 2`);
  await reloadBoard(rack);
  await pause(ROUNDS_MS);
}

function keepKeys(site: Site): Promise<void> {
  for (const name of KEYS_FILES) {
    copyFileSync(join(site.rack.dir, name), join(site.rack.dir, `${name}.kept`));
  }
  return connectClient(site);
}

async function oldKeys(site: Site): Promise<void> {
  for (const name of KEYS_FILES) {
    copyFileSync(join(site.rack.dir, `${name}.kept`), join(site.rack.dir, name));
  }
  await reloadOther(site.rack, `host ${HOST}`);
}

/** A larger version of the same configuration, as a person would write it. */
async function reload(site: Site): Promise<void> {
  const { rack } = site;
  const file = join(rack.dir, 'agent.toml');
  const text = readFileSync(file, 'utf8');
  const version = Number(/^version = (\d+)$/m.exec(text)?.[1]);
  const warntimeMs = MILLIS.deadtimeMs / 2 + (version % 2);
  writeFileSync(
    file,
    text
      .replace(/^version = \d+$/m, `version = ${version + 1}`)
      .replace(/^warntime = .*$/m, `warntime = "${warntimeMs}ms"`),
  );
  const old = new Set(rack.agent.lines());
  rack.agent.signal('SIGHUP');
  await begins(site, old);
  await whileAlive(site, beat(site));
}

/** Ordered, and killed as soon as the relay is told to open. */
async function killedInTheDark(site: Site): Promise<void> {
  await connectClient(site);
  const fromMs = monotonicMs();
  const ending = order(site, 'fence');
  const isCut = (entry: { kind: string; atMs: number }): boolean =>
    entry.kind === 'contact' && entry.atMs > fromMs;
  await site.rack.bench.waitFor('the contact opens', isCut);
  await killAgent(site);
  await ending;
}

export const STAGES: readonly Stage[] = [
  {
    ...{ name: 'boot', lines: ['latching'], runs: false, known: STARTING, moves: false },
    prepare: killAgent,
    act: async (site) => {
      await begins(site);
      await whileAlive(site, beat(site));
    },
    left: ['beats'],
  },
  {
    ...{ name: 'beats', lines: ['latching'], runs: true, known: RUNNING, moves: false },
    prepare: connectClient,
    act: async (site) => {
      await site.client?.ask({ ask: 'view' });
      await pause(ROUNDS_MS);
    },
    left: ['beats'],
  },
  {
    ...{ name: 'fence-by-order', lines: BOTH, runs: true, known: RUNNING, moves: true },
    prepare: connectClient,
    act: async (site) => {
      assert.equal(await order(site, 'fence'), 'done');
      await restored(site);
    },
    left: ['beats'],
  },
  {
    ...{
      name: 'fence-by-verdict',
      lines: ['non-latching'],
      runs: true,
      known: RUNNING,
      moves: true,
    },
    prepare: connectClient,
    act: async (site) => {
      site.deeds.push({ host: HOST, what: 'hang', atMs: monotonicMs() });
      await site.rack.bench.host(HOST, 'hang');
      await restored(site);
    },
    left: ['beats', 'hangs'],
  },
  {
    ...{ name: 'restore', lines: ['latching'], runs: true, known: RUNNING, moves: true },
    prepare: async (site) => {
      await connectClient(site);
      assert.equal(await order(site, 'off'), 'done');
    },
    act: async (site) => {
      assert.equal(await order(site, 'on'), 'done');
      await restored(site);
    },
    left: ['beats', 'kept off'],
  },
  {
    ...{ name: 'boot-in-mid-fence', lines: BOTH, runs: false, known: STARTING, moves: true },
    prepare: killedInTheDark,
    act: async (site) => {
      await begins(site);
      await whileAlive(site, beat(site));
    },
    left: ['beats'],
  },
  {
    ...{ name: 'rotation', lines: ['latching'], runs: true, known: RUNNING, moves: false },
    prepare: keepKeys,
    act: rotate,
    tidy: oldKeys,
    left: ['beats'],
  },
  {
    ...{ name: 'reload', lines: ['non-latching'], runs: true, known: STARTING, moves: false },
    prepare: connectClient,
    act: reload,
    left: ['beats'],
  },
];

/** The paths that a trap of this stage may be told. */
export function knownPaths(stage: Stage, site: Site): Map<Kind, string[]> {
  const all = pathsOf(site, stage.runs);
  return new Map([...all].filter(([kind]) => stage.known.includes(kind)));
}
