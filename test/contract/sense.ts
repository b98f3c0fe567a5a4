/**
 * What every sense promises, whatever drives it (firmware-agent/ports/power.ts).
 *
 * Of all that it says only `off` can do harm, and `on` where there is no power: so both must be true
 * when they are said, and where something is wrong it says `unknown`, in its time.
 */
import assert from 'node:assert/strict';
import type { Sense } from '../../firmware-agent/ports/power.ts';
import type { Reading } from '../../protocol/wire/messages.ts';
import type { Suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { BACK_MS, inTime } from './power-switch.ts';

/** As those of a switch: it does not answer, answers too late, answers nonsense, is not there. */
export const SENSE_FAULTS = ['mute', 'late', 'garbled', 'gone'] as const;
export type SenseFault = (typeof SENSE_FAULTS)[number];

export interface SenseRig {
  sense: Sense;
  /** Whether power is there. */
  power(is: 'on' | 'off'): void | Promise<void>;
  spoil(fault: SenseFault | 'well'): void | Promise<void>;
  closeDriver(): Promise<void>;
  close(): Promise<void>;
}

export interface SenseContract {
  /** Opens a sense whose power is on. */
  open(): Promise<SenseRig>;
  without?: readonly SenseFault[];
}

/** Registers the tests of one kind of sense. */
export function senseContract(test: Suite, name: string, contract: SenseContract): void {
  const promise = (title: string, body: (rig: SenseRig) => Promise<void>): void =>
    test(`${name} sense: ${title}`, async () => {
      const rig = await contract.open();
      try {
        await body(rig);
      } finally {
        await rig.closeDriver();
        await rig.close();
      }
    });
  promise('it reads whether power is there', async (rig) => {
    for (const is of ['on', 'off', 'on'] as const) {
      await rig.power(is);
      await reads(rig, is);
    }
  });
  promise('after it was closed it reads unknown', async (rig) => {
    await reads(rig, 'on');
    await rig.closeDriver();
    assert.equal(await ask(rig), 'unknown');
  });
  for (const fault of SENSE_FAULTS.filter((one) => contract.without?.includes(one) !== true)) {
    promise(
      `${fault}: it reads unknown in its time, and the truth when it is back`,
      async (rig) => {
        await rig.power('off');
        await reads(rig, 'off');
        await rig.spoil(fault);
        for (let i = 0; i < 2; i += 1) assert.equal(await ask(rig), 'unknown');
        await rig.power('on');
        await rig.spoil('well');
        for (let i = 0; i < 2; i += 1) assert.notEqual(await ask(rig), 'off');
        await reads(rig, 'on');
      },
    );
  }
}

function ask({ sense }: SenseRig): Promise<Reading> {
  return inTime(sense.periodMs, () => sense.read());
}

function reads(rig: SenseRig, wanted: Reading): Promise<unknown> {
  return until(`it reads ${wanted}`, async () => (await ask(rig)) === wanted, BACK_MS);
}
