/** How often devices are asked: by their own word, by a fence, and by what they answered last. */
import type { BoardSettings } from '../../firmware-agent/core/settings.ts';
import type { Contact } from '../../firmware-agent/ports/power.ts';
import { type Sampler, sampler } from '../../firmware-agent/sampler.ts';
import { assert, suite } from '../lib/suite.ts';
import { pause, until } from '../lib/until.ts';

const test = suite('sampler');

interface Asked {
  loops: Sampler;
  count(): number;
  says(contact: Contact): void;
  fence(runs: boolean): void;
}

/** One outlet that answers at once; a fence may run from the beginning. */
async function withOutlet(idleMs: number, body: (asked: Asked) => Promise<void>): Promise<void> {
  let count = 0;
  let contact: Contact = 'closed';
  let isFenced = false;
  const outlet = {
    name: 'psu',
    periodMs: 20,
    idleMs,
    turn: () => Promise.reject(new Error('nobody turns it')),
    read: async () => {
      count += 1;
      return contact;
    },
  };
  const hosts = [{ host: 1, outlets: [{ readable: true }], senses: [] }];
  const loops = sampler({
    board: { hosts } as unknown as BoardSettings,
    devices: {
      outlets: new Map([[1, [outlet]]]),
      senses: new Map(),
    },
    serial: new Map(),
    take: () => undefined,
    isFenced: () => isFenced,
  });
  await loops.first;
  await body({
    loops,
    count: () => count,
    says: (next) => {
      contact = next;
    },
    fence: (runs) => {
      isFenced = runs;
    },
  });
  loops.close();
}

test('a device that costs much is left alone while it answers and no fence runs', () =>
  withOutlet(60_000, async ({ count }) => {
    await pause(700);
    assert.is(count(), 1);
  }));

test('a fence asks it at once, and then as often as it bears', () =>
  withOutlet(60_000, async ({ count, loops, fence }) => {
    fence(true);
    loops.hasten(1);
    await until('it is asked again and again', () => count() > 5, 1_000);
  }));

test('one that does not answer is asked as often as others', () =>
  withOutlet(60_000, async ({ count, loops, says }) => {
    says('unknown');
    loops.hasten(1);
    await until('it is asked again', () => count() >= 3, 2_000);
  }));

test.run();
