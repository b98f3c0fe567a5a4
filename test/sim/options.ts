/** What a person may say to `make sim`, all of it in the environment. */
import { availableParallelism } from 'node:os';

export interface Options {
  seed: number;
  /** How many seeds, from `seed` on; without it seeds are played until the time is over. */
  runs: number | undefined;
  /** Simulated hours of each run; 0 lets each seed decide. */
  hours: number;
  /** The real MAC in place of the quick one. */
  realMac: boolean;
  workers: number;
  json: boolean;
  scenario: string | undefined;
  trace: boolean;
}

/** Two minutes are what one waits for without going away. */
export const USUAL_MS = 120_000;

/** Throws, in a sentence, at what it does not understand. */
export function optionsOf(env: NodeJS.ProcessEnv): Options {
  const runs = env['RUNS'] ? numberOf(env, 'RUNS', 1) : undefined;
  return {
    seed: numberOf(env, 'SEED', 1),
    runs: runs ?? (env['TRACE'] ? 1 : undefined),
    hours: numberOf(env, 'HOURS', 0),
    realMac: env['MAC'] === 'real',
    workers: numberOf(env, 'WORKERS', availableParallelism()),
    json: (env['JSON'] ?? '') !== '',
    scenario: env['SCENARIO'] || undefined,
    trace: (env['TRACE'] ?? '') !== '',
  };
}

function numberOf(env: NodeJS.ProcessEnv, name: string, usual: number): number {
  const text = env[name] ?? '';
  if (text === '') return usual;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} is "${text}", which is no number`);
}
