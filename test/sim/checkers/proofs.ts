/**
 * What could prove a silence: our own echo through the broker, beats of others on the same adapter,
 * a modem line, supplies that fell.
 *
 * Near proof is followed as the longest run that the events allow, with the largest gap that any
 * host here may bear; far proof is granted wherever truth does not exclude it. So `unproven` is
 * complained of only where nothing at all can have been proof.
 */
import type { Event } from '../../../firmware-agent/core/events.ts';
import type { Truth } from '../witness.ts';
import type { Ear } from './ears.ts';
import type { Rules } from './rules.ts';

const NEVER = Number.NEGATIVE_INFINITY;

interface Run {
  firstAt: number;
  lastAt: number;
}

export interface Proofs {
  truth(at: number, truth: Truth): void;
  step(at: number, event: Event): void;
  mayBeFar(ear: Ear, at: number): boolean;
  /** Its supplies fell during its silence, where senses show it: nobody shares that. */
  fell(ear: Ear): boolean;
  /** Some channel's near proof has held for so long. */
  isNear(ear: Ear, at: number, spanMs: number): boolean;
}

/** `surely`: runs with the smallest gap that every host here bears, instead of the largest. */
export function proofs(rules: Rules, surely = false): Proofs {
  const gaps = rules.all.map(({ proofGapMs }) => proofGapMs);
  const gapMs = surely ? Math.min(...gaps) * 0.99 - 1 : Math.max(...gaps) * 1.01 + 1;
  const runs = new Map<string, Run>();
  const adapterOf: (Run | undefined)[] = [];
  const mqtt = newRun();
  for (const { host, settings } of rules.all) {
    const adapter = settings.serial?.adapter;
    if (adapter === undefined) continue;
    const run = runs.get(adapter) ?? newRun();
    runs.set(adapter, run);
    adapterOf[host] = run;
  }
  /** When the supplies of a host last fell, and whether its devices may say so untruly. */
  const fellAt: number[] = [];
  const lies: boolean[] = [];
  const extend = (run: Run | undefined, at: number): void => {
    if (run === undefined) return;
    if (at - run.lastAt > gapMs) run.firstAt = at;
    run.lastAt = at;
  };
  return {
    truth: (at, truth) => {
      if (truth.kind === 'power' && !truth.on) fellAt[truth.host] = at;
      if (truth.kind === 'devices' && !truth.honest) lies[truth.host] = true;
      if (truth.kind !== 'agent' || truth.is === 'started') return;
      for (const run of [mqtt, ...runs.values()]) Object.assign(run, newRun());
    },
    step: (at, event) => {
      if (event.kind === 'echoed') extend(rules.settings.brokerOnBoard ? undefined : mqtt, at);
      if (event.kind !== 'heard' || event.opened.kind === 'hello') return;
      extend(event.opened.channel === 'mqtt' ? mqtt : adapterOf[event.opened.host], at);
    },
    mayBeFar: (ear, at) => {
      const { host, settings, soonMs, initdeadMs, delayMs } = ear.rules;
      if (ear.modem || lies[host] === true) return true;
      if (at - ear.uselessAt <= initdeadMs) return true;
      const senses = settings.senses.length > 0 && settings.senses.every((s) => s.showsBreak);
      const lastAt = Math.max(ear.ways.serial.freshAt, ear.ways.mqtt.freshAt);
      return senses && Math.abs((fellAt[host] ?? NEVER) - lastAt) <= 2 * (soonMs + delayMs) + 2_000;
    },
    fell: ({ rules: { host, settings, soonMs }, ways }) => {
      const lastAt = Math.max(ways.serial.freshAt, ways.mqtt.freshAt);
      return settings.senses.length > 0 && (fellAt[host] ?? NEVER) >= lastAt - soonMs;
    },
    isNear: (ear, at, spanMs) =>
      [mqtt, adapterOf[ear.rules.host]].some(
        (run) =>
          run !== undefined &&
          at - run.lastAt <= gapMs &&
          at - run.firstAt >= rules.atLeast(spanMs),
      ),
  };
}

function newRun(): Run {
  return { firstAt: NEVER, lastAt: NEVER };
}
