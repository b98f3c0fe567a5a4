/** What looks like death and is none: nobody is cut. */
import assert from 'node:assert/strict';
import { pause } from '../../lib/until.ts';
import type { Scenario } from '../lib/scenario.ts';
import { beats, TIMES_MS } from '../lib/site.ts';
import { cuts, happens, nothingMoved, PATIENCE_MS, settled } from '../lib/story.ts';

const { deadtimeMs } = TIMES_MS;

export const reboot: Scenario = {
  name: 'reboot',
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    await promise('it leaves, reboots and beats in a new life: no relay moves', async () => {
      const atMs = happens(site, 'the server leaves to reboot', () =>
        site.server.type(
          'node /payload/bundle/fencepost-shim.cjs leave --config /payload/shim.toml ' +
            '--reason reboot --return-by 120 && reboot -f',
        ),
      );
      await site.waitFor('left', atMs, PATIENCE_MS);
      await beats(site, atMs);
      await pause(2 * deadtimeMs);
      nothingMoved(site);
      assert.equal(cuts(site).length, 0);
    });
  },
};

export const cablePulled: Scenario = {
  name: 'cable-pulled',
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    await promise(
      'the cable is pulled for three deadtimes: an alarm, and no relay moves',
      async () => {
        const atMs = happens(site, 'the cable is pulled', () => {
          site.cable.isCut = true;
        });
        await site.waitFor('channel-silent', atMs, PATIENCE_MS);
        await pause(3 * deadtimeMs);
        nothingMoved(site);
        site.cable.isCut = false;
        await site.waitFor('channel-heard', atMs, PATIENCE_MS);
      },
    );
    await promise(
      'the line is slow and full of noise for two deadtimes: no relay moves',
      async () => {
        happens(site, 'every byte is late, and one in ten is disturbed', () => {
          site.cable.delayMs = 15;
          site.cable.noise = 0.1;
        });
        await pause(2 * deadtimeMs);
        nothingMoved(site);
        site.cable.noise = 0;
      },
    );
  },
};

export const boardReset: Scenario = {
  name: 'board-reset',
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    await promise(
      'the board is reset while the server beats: no edge at any relay line',
      async () => {
        const atMs = happens(site, 'the board is reset', () => {
          void site.board.guest.qmp().command('system_reset');
        });
        await site.waitFor('started', atMs, PATIENCE_MS);
        await site.waitFor('heard', atMs, PATIENCE_MS);
        await pause(2 * deadtimeMs);
        assert.deepEqual(site.mains.trace, []);
        nothingMoved(site);
        assert.equal(cuts(site).length, 0);
        assert.ok(site.server.isOn());
      },
    );
    await promise(
      '`check --hardware` finds its lines in the hands of the agent that runs',
      async () => {
        const atMs = happens(site, 'the board is asked about its hardware', () =>
          site.board.guest.type(
            'node /payload/bundle/fencepost-agent.cjs check --hardware /payload/agent.toml',
          ),
        );
        const says = async (what: string): Promise<void> => {
          await site.board.guest.waitFor(what, (text) => text.includes(what), atMs, PATIENCE_MS);
        };
        await says(
          'psu1: line 0 of 9030000.pl061 (/dev/gpiochip0) is held by "fencepost:web relay+sense"',
        );
        await says('9030000.pl061: a line that is let go keeps its level');
      },
    );
  },
};
