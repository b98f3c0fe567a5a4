/**
 * What every line of pulses promises, whatever drives it (firmware-agent/ports/power.ts): a pulse is
 * given once where it was taken, and never later where it was not.
 */
import assert from 'node:assert/strict';
import type { PulseLine } from '../../firmware-agent/ports/power.ts';
import type { Suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { inTime } from './power-switch.ts';

export const PULSE_FAULTS = ['mute', 'refuse', 'gone'] as const;
export type PulseFault = (typeof PULSE_FAULTS)[number];

export interface PulseRig {
  line: PulseLine;
  /** What a pulse may take until it is answered. */
  pulseMs: number;
  /** How many the line has really given. */
  given(): number | Promise<number>;
  spoil(fault: PulseFault | 'well'): void | Promise<void>;
  closeDriver(): Promise<void>;
  close(): Promise<void>;
}

export interface PulseContract {
  open(): Promise<PulseRig>;
  without?: readonly PulseFault[];
}

/** Registers the tests of one kind of line. */
export function pulseContract(test: Suite, name: string, contract: PulseContract): void {
  const promise = (title: string, body: (rig: PulseRig) => Promise<void>): void =>
    test(`${name} pulse: ${title}`, async () => {
      const rig = await contract.open();
      try {
        await body(rig);
      } finally {
        await rig.closeDriver();
        await rig.close();
      }
    });
  const pulse = (rig: PulseRig) => inTime(rig.pulseMs, () => rig.line.pulse());

  promise('one that is taken is given once', async (rig) => {
    for (const count of [1, 2]) {
      // The one before may still be on the line.
      await until('it is taken', async () => (await pulse(rig)).ok);
      await until(`${count} given`, async () => (await rig.given()) === count);
    }
  });
  promise('after it was closed none is given', async (rig) => {
    await rig.closeDriver();
    assert.ok(!(await pulse(rig)).ok);
    assert.equal(await rig.given(), 0);
  });
  for (const fault of PULSE_FAULTS.filter((one) => contract.without?.includes(one) !== true)) {
    promise(`${fault}: it fails in its time, and is not given later`, async (rig) => {
      await rig.spoil(fault);
      assert.ok(!(await pulse(rig)).ok);
      await rig.spoil('well');
      await until('one is taken', async () => (await pulse(rig)).ok);
      await until('it is given', async () => (await rig.given()) === 1);
    });
  }
}
