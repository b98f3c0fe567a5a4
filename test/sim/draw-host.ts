/** Draws one host: timers, channels, outlets and senses within what `check` allows. */
import {
  defaultInitdeadMs,
  defaultWarntimeMs,
  delayMs,
  freshnessMs,
  PROOF_GAP_DEADTIMES_MAX,
  proofGapMs,
} from '../../firmware-agent/core/limits.ts';
import type { HostSettings, OutletSettings, Timing } from '../../firmware-agent/core/settings.ts';
import type { Prng } from '../lib/prng.ts';
import type { Pace } from './draw.ts';
import type { HostPlan } from './plan.ts';

export interface HostContext {
  pace: Pace;
  index: number;
  mqttDelayMs: number;
  /** The only host of its board: nobody else proves anything. */
  lonely: boolean;
  brokerOnBoard: boolean;
}

export function drawHost(chance: Prng, context: HostContext): HostPlan {
  const { pace, index, mqttDelayMs } = context;
  const settings = drawSettings(chance, context);
  const { timing, senses } = settings;
  const [first, second] = [1, 2].map((method) =>
    settings.outlets.flatMap((outlet, at) => (outlet.method === method ? [at] : [])),
  );
  const holdUpMs = chance.between(
    5,
    Math.floor(Math.min(timing.offHoldMs / 2, timing.drainMs, 900)),
  );
  return {
    settings,
    // Outlets of one method stand side by side; a second method stands before them all.
    feeds: (first ?? []).map((outlet) => [outlet, ...(second ?? [])]),
    holdUpMs,
    bootMs: chance.between(1_000, Math.max(1_500, Math.min(90_000, timing.initdeadMs * 0.6))),
    fastPpm: pace === 'long' ? 0 : chance.pick([0, 0, 300, -300, 1_000, -1_000]),
    serialMs: chance.between(3, 12),
    mqttMs: chance.between(3, Math.min(40, mqttDelayMs - 5)),
    kickMs: index % 2 === 0 && pace !== 'long' ? Math.round(timing.keepaliveMs * 1.7) : 0,
    liar: drawLiar(chance, settings, senses.length),
  };
}

function drawSettings(chance: Prng, context: HostContext): HostSettings {
  const { pace, index, mqttDelayMs, lonely, brokerOnBoard } = context;
  const serial = chance.chance(lonely ? 0.9 : 0.8);
  const mqtt = !serial || chance.chance(0.85);
  const delays = { serial: 20, mqtt: mqttDelayMs };
  const modem = serial && chance.chance(0.3);
  const timing = drawTiming(chance, pace, {
    ...(serial ? { serial: { modem } } : {}),
    mqtt,
    delayMs: delays,
  });
  const proof = chance.chance(0.3) ? 'by-hold' : 'verified';
  const outlets = drawOutlets(chance, timing, proof === 'by-hold', pace);
  const periodMs = devicePeriod(chance, timing, pace);
  const adapter = chance.pick(['hub', 'hub', `port${index + 1}`]);
  const provable = modem || (serial && mqtt && !(lonely && brokerOnBoard));
  return {
    host: index + 1,
    name: `host${index + 1}`,
    timing,
    silence: !provable || chance.chance(0.15) ? 'act' : 'prove',
    proof,
    afterFence: chance.chance(0.15) ? 'stay-off' : 'restore',
    ...(serial ? { serial: { adapter, modem } } : {}),
    mqtt,
    delayMs: delays,
    ...(chance.chance(0.2) ? { sick: { timeMs: 4 * timing.deadtimeMs } } : {}),
    fate: chance.chance(0.2) ? ['feed-a'] : [],
    outlets,
    senses: [{ name: 'sense', covers: 'host', periodMs, showsBreak: chance.chance(0.7) }],
    pulses: chance.chance(0.4)
      ? [
          { name: 'button', kind: 'reset' },
          { name: 'nmi', kind: 'diag' },
        ]
      : [],
  };
}

type Channels = Parameters<typeof delayMs>[0];

/** Draws again until the derived limits hold, as `check` demands it. */
function drawTiming(chance: Prng, pace: Pace, channels: Channels): Timing {
  for (;;) {
    const timing = pace === 'wild' ? quickTiming(chance) : usualTiming(chance);
    const slowMs = delayMs(channels);
    const isFresh = freshnessMs(timing, slowMs) < timing.deadtimeMs;
    const isProvable = proofGapMs(timing, slowMs) <= PROOF_GAP_DEADTIMES_MAX * timing.deadtimeMs;
    if (isFresh && isProvable) return timing;
  }
}

function quickTiming(chance: Prng): Timing {
  const keepaliveMs = chance.pick([200, 250, 500, 500, 1_000]);
  const deadtimeMs = keepaliveMs * chance.pick([4, 6, 10]) + chance.pick([0, 500, 1_500]);
  return {
    keepaliveMs,
    warntimeMs: Math.round(deadtimeMs / 3),
    deadtimeMs,
    initdeadMs: Math.round(deadtimeMs * chance.pick([2, 4]) + 4_000),
    offHoldMs: chance.pick([1_000, 1_200, 2_000]),
    drainMs: chance.pick([300, 1_000]),
  };
}

function usualTiming(chance: Prng): Timing {
  const keepaliveMs = chance.pick([500, 1_000, 1_000, 1_000, 2_000]);
  const deadtimeMs = chance.pick([10_000, 15_000, 15_000, 30_000]);
  return {
    keepaliveMs,
    warntimeMs: Math.round(defaultWarntimeMs(deadtimeMs)),
    deadtimeMs,
    initdeadMs: defaultInitdeadMs(deadtimeMs),
    offHoldMs: chance.pick([2_000, 5_000, 5_000]),
    drainMs: chance.pick([1_000, 2_000]),
  };
}

/** At most a sixth of the off-hold, as `check` demands. */
function devicePeriod(chance: Prng, { offHoldMs }: Timing, pace: Pace): number {
  return chance.pick([50, 100, pace === 'long' ? 250 : Math.floor(offHoldMs / 6)]);
}

function drawOutlets(chance: Prng, timing: Timing, byHold: boolean, pace: Pace): OutletSettings[] {
  const readable = byHold || chance.chance(0.85);
  const periodMs = devicePeriod(chance, timing, pace);
  const outlet = (name: string, method: number): OutletSettings => ({
    ...{ name, method, readable, periodMs },
  });
  return [
    outlet('a', 1),
    ...(chance.chance(0.3) ? [outlet('b', 1)] : []),
    ...(chance.chance(0.3) ? [outlet('c', 2)] : []),
  ];
}

/** Where contacts cannot be read, or hold alone is proof, the other kind must be honest. */
function drawLiar(chance: Prng, settings: HostSettings, senses: number): HostPlan['liar'] {
  const liar = chance.pick(['nobody', 'nobody', 'contacts', 'senses'] as const);
  if (senses === 0 || settings.outlets.some(({ readable }) => !readable)) return 'nobody';
  return liar === 'contacts' && settings.proof === 'by-hold' ? 'senses' : liar;
}
