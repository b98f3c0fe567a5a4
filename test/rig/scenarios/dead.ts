/** Three ways in which a server can be dead while it has power: each is found, cut, proven and healed. */
import assert from 'node:assert/strict';
import { pause } from '../../lib/until.ts';
import type { Scenario } from '../lib/scenario.ts';
import { type Site, TIMES_MS } from '../lib/site.ts';
import { happens, isBackInTime, isFenced, panics, settled } from '../lib/story.ts';

function deadBy(
  name: string,
  title: string,
  dies: (site: Site) => number | Promise<number>,
): Scenario {
  return {
    name,
    run: async (site, promise) => {
      await promise('the server beats on both channels', () => settled(site));
      let diedAt = 0;
      await promise(`${title}: fenced in time, and verified`, async () => {
        diedAt = await dies(site);
        await isFenced(site, diedAt);
      });
      await promise('it gets its power back and beats in a new life, in time', () =>
        isBackInTime(site, diedAt),
      );
    },
  };
}

export const panic: Scenario = deadBy('panic', 'its kernel panics', panics);

export const frozen: Scenario = deadBy('frozen', 'its processor stands still', (site) =>
  happens(site, 'the processor of the server stands still', () => {
    void site.server.qmp().command('stop');
  }),
);

export const userland: Scenario = deadBy(
  'userland',
  'all its programs are stopped, and its kernel lives',
  async (site) => {
    const diedAt = happens(site, 'every program of the server is stopped', () =>
      site.server.type('kill -STOP -1; echo "init: the kernel lives"'),
    );
    await site.server.waitFor(
      'its kernel lives',
      (text) => text.includes('the kernel lives'),
      diedAt,
      10_000,
    );
    return diedAt;
  },
);

/** The way of people and cluster managers: from this machine, over the broker, to the relay and back. */
export const order: Scenario = {
  name: 'order',
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    let orderedAt = 0;
    await promise(
      'an order over MQTT has a healthy server cut, proven off and answered',
      async () => {
        orderedAt = happens(site, 'an operator orders a fence', () => undefined);
        const { code, stdout, stderr } = await site.fencepost('fence', 'web');
        assert.equal(code, 0, `${stdout}${stderr}`);
        await isFenced(site, orderedAt);
      },
    );
    await promise('it gets its power back and beats in a new life, in time', () =>
      isBackInTime(site, orderedAt),
    );
  },
};

/** A Raspberry Pi's own chip makes inputs of lines that are let go, and tells of no edge. */
export const raspi: Scenario = {
  ...deadBy('raspi', 'its kernel panics', panics),
  site: { machine: 'raspi3b' },
};

export const twoSupplies: Scenario = {
  name: 'two-supplies',
  site: { supplies: 2 },
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    let diedAt = 0;
    await promise('both supplies are cut together, and it is fenced in time', async () => {
      diedAt = panics(site);
      await isFenced(site, diedAt);
      const rose = site.mains.trace.filter(({ isHigh }) => isHigh);
      assert.deepEqual(rose.map(({ supply }) => supply).sort(), [0, 1]);
      const apartMs = Math.abs((rose[0]?.atMs ?? 0) - (rose[1]?.atMs ?? 0));
      assert.ok(apartMs < TIMES_MS.holdMs / 2, `${apartMs} ms apart`);
    });
    await promise('it gets its power back and beats in a new life, in time', () =>
      isBackInTime(site, diedAt),
    );
    await promise('with one contact welded it is never called fenced', async () => {
      site.mains.welded.add(1);
      await pause(4_000);
      const againAt = panics(site);
      await site.waitFor('failed', againAt, 90_000);
      assert.equal(site.said(againAt).filter(({ code }) => code === 'fenced').length, 0);
      assert.ok(site.server.isOn());
    });
  },
};
