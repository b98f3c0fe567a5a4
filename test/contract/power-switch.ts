/**
 * What every power switch promises, whatever drives it (firmware-agent/ports/power.ts).
 *
 * The suite holds the contact itself, moves it behind the driver's back and spoils the device in the ways
 * in which devices spoil. Of all that a switch says only two words matter: `open` must be true when
 * it is said, and each call must end in its time. `unknown` is always allowed where something is
 * wrong, and never where all is well.
 */
import assert from 'node:assert/strict';
import type { Contact, PowerSwitch } from '../../firmware-agent/ports/power.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { Result } from '../../protocol/result.ts';
import type { Suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';

/**
 * - `mute`: it takes questions and commands, and neither obeys nor answers
 * - `late`: it does all that is asked, and answers after whoever asked has given up
 * - `garbled`: its answers are no answers
 * - `stuck`: it takes commands as if all were well, and the contact stays
 * - `gone`: it is unplugged, or its program does not exist
 */
export const FAULTS = ['mute', 'late', 'garbled', 'stuck', 'gone'] as const;
export type SwitchFault = (typeof FAULTS)[number];

export interface SwitchRig {
  outlet: PowerSwitch;
  /** What a command may take. */
  turnMs: number;
  /** Where the contact really is. */
  contact(): 'open' | 'closed';
  /** Moves it behind the driver's back. */
  move(to: 'open' | 'closed'): void | Promise<void>;
  /** Spoils the device, or mends it. */
  spoil(fault: SwitchFault | 'well'): void | Promise<void>;
  /** Closes the driver, and nothing else. */
  closeDriver(): Promise<void>;
  /** Closes all that is left. */
  close(): Promise<void>;
}

export interface SwitchContract {
  /** Opens a device whose contact is closed. */
  open(): Promise<SwitchRig>;
  /** Whether the device says that it took a command; true by default. */
  isAcknowledged?: boolean;
  /** Faults that this kind of device cannot have. */
  without?: readonly SwitchFault[];
}

/** A busy machine, beyond the limit that a driver keeps. */
const SLACK_MS = 1_500;
/** How long a device that is back may need to be found. */
export const BACK_MS = 10_000;

/** Registers the tests of one kind of switch. */
export function switchContract(test: Suite, name: string, contract: SwitchContract): void {
  const promise = (title: string, body: (rig: SwitchRig) => Promise<void>): void =>
    test(`${name}: ${title}`, () => withRig(contract, body));
  const faults = FAULTS.filter((fault) => contract.without?.includes(fault) !== true);

  promise('it reads where the contact is, whoever moved it', async (rig) => {
    await reads(rig, 'closed');
    await rig.move('open');
    await reads(rig, 'open');
    await rig.move('closed');
    await reads(rig, 'closed');
  });
  promise('a command that was taken moves the contact, and may be repeated', async (rig) => {
    for (const to of ['open', 'open', 'closed', 'closed', 'open'] as const) {
      const turned = await inTime(rig.turnMs, () => rig.outlet.turn(to));
      assert.ok(turned.ok, `${to}: ${turned.ok ? '' : turned.detail}`);
      await until(`the contact is ${to}`, () => rig.contact() === to);
      await reads(rig, to);
    }
  });
  promise(
    'many questions at once are all answered, each with the truth or unknown',
    async (rig) => {
      await rig.move('open');
      await reads(rig, 'open');
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => inTime(rig.outlet.periodMs, () => rig.outlet.read())),
      );
      assert.ok(
        answers.every((answer) => answer !== 'closed'),
        answers.join(' '),
      );
      assert.ok(answers.includes('open'), answers.join(' '));
      await reads(rig, 'open');
    },
  );
  promise('after it was closed it reads unknown and takes nothing', async (rig) => {
    await rig.closeDriver();
    assert.equal(await inTime(rig.outlet.periodMs, () => rig.outlet.read()), 'unknown');
    const turned = await inTime(rig.turnMs, () => rig.outlet.turn('open'));
    assert.ok(!turned.ok);
    assert.equal(rig.contact(), 'closed');
    await rig.closeDriver();
  });
  if (faults.includes('mute')) {
    promise('closing it ends what it was doing', async (rig) => {
      await rig.spoil('mute');
      const reading = rig.outlet.read();
      const turning = rig.outlet.turn('open');
      await rig.closeDriver();
      assert.deepEqual(
        [await inTime(0, () => reading), (await inTime(0, () => turning)).ok],
        ['unknown', false],
      );
    });
  }
  for (const fault of faults) {
    promise(`${fault}: no reading is open that is not, and all ends in time`, (rig) =>
      spoilt(rig, fault, contract.isAcknowledged !== false || fault === 'gone'),
    );
  }
}

/** The device is spoilt, commanded and asked; then it is well, and tells the truth again. */
async function spoilt(rig: SwitchRig, fault: SwitchFault, isHeard: boolean): Promise<void> {
  await rig.spoil(fault);
  const first = await ask(rig);
  if (fault === 'stuck') assert.equal(first, 'closed');
  else assert.equal(first, 'unknown', fault);
  const turned = await command(rig, 'open');
  // What answers late may have taken it.
  if (fault !== 'stuck' && fault !== 'late' && isHeard) assert.ok(!turned.ok, fault);
  await ask(rig);
  // What was answered too late was true once; it must not be taken for an answer of now.
  await rig.move('closed');
  await rig.spoil('well');
  for (let i = 0; i < 2; i += 1) {
    const said = await ask(rig);
    assert.notEqual(said, 'open', `after ${fault}`);
  }
  await reads(rig, 'closed');
  assert.ok((await command(rig, 'open')).ok);
  await until('the contact is open', () => rig.contact() === 'open');
  await reads(rig, 'open');
}

async function ask(rig: SwitchRig): Promise<Contact> {
  const before = rig.contact();
  const said = await inTime(rig.outlet.periodMs, () => rig.outlet.read());
  const isTrue = said !== 'open' || before === 'open' || rig.contact() === 'open';
  assert.ok(isTrue, 'it read open, and was not');
  return said;
}

function command(rig: SwitchRig, to: 'open' | 'closed'): Promise<Result<void>> {
  return inTime(rig.turnMs, () => rig.outlet.turn(to));
}

function reads(rig: SwitchRig, wanted: Contact): Promise<unknown> {
  return until(`it reads ${wanted}`, async () => (await ask(rig)) === wanted, BACK_MS);
}

/** Awaits the call, which must not take longer. */
export async function inTime<T>(limitMs: number, call: () => Promise<T>): Promise<T> {
  const startedAt = monotonicMs();
  const outcome = await call();
  const tookMs = monotonicMs() - startedAt;
  assert.ok(tookMs <= limitMs + SLACK_MS, `it took ${Math.round(tookMs)} ms, not ${limitMs}`);
  return outcome;
}

async function withRig(
  contract: SwitchContract,
  body: (rig: SwitchRig) => Promise<void>,
): Promise<void> {
  const rig = await contract.open();
  try {
    await body(rig);
  } finally {
    await rig.closeDriver();
    await rig.close();
  }
}
