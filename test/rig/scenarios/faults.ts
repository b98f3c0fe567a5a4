/** Hardware that fails or lies, and an agent that dies in the middle: no untrue word, no second cut. */
import assert from 'node:assert/strict';
import { pause, until } from '../../lib/until.ts';
import type { Scenario } from '../lib/scenario.ts';
import type { Site } from '../lib/site.ts';
import { cuts, happens, isBack, PATIENCE_MS, panics, settled } from '../lib/story.ts';

export const agentKilled: Scenario = {
  name: 'agent-killed',
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    let diedAt = 0;
    await promise(
      'killed while all is off: the chip keeps the level, the next life ends the fence',
      async () => {
        diedAt = panics(site);
        await until('the server is cut', () => cuts(site).length > 0, PATIENCE_MS);
        await pause(500);
        const killedAt = happens(site, 'the agent is killed', () =>
          site.board.guest.type('kill -9 $(cat /run/pid)'),
        );
        await site.waitFor('started', killedAt, PATIENCE_MS);
        const { text } = await site.waitFor('fenced', killedAt, PATIENCE_MS);
        assert.match(text, /verified/);
        assert.equal(cuts(site).length, 1);
      },
    );
    await promise('it gets its power back and beats in a new life', async () => {
      await isBack(site, diedAt);
      assert.deepEqual(edges(site), ['rose', 'fell'], 'the takeover was not seen at the line');
    });
  },
};

/** The Pi's chip makes an input of a line that nobody holds, so the contact closes under the fence. */
export const agentKilledRaspi: Scenario = {
  name: 'raspi-agent-killed',
  site: { machine: 'raspi3b' },
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    await promise(
      'killed while all is off: power is back at once, and nothing is claimed',
      async () => {
        const diedAt = panics(site);
        await until('the server is cut', () => cuts(site).length > 0, PATIENCE_MS);
        await pause(500);
        const killedAt = happens(site, 'the agent is killed', () =>
          site.board.guest.type('kill -9 $(cat /run/pid)'),
        );
        await until('the server has power', () => site.server.isOn(), 1_000);
        await site.waitFor('interrupted', killedAt, PATIENCE_MS);
        await isBack(site, diedAt);
        neverFenced(site);
        assert.deepEqual(edges(site), ['rose', 'fell']);
      },
    );
  },
};

export const welded: Scenario = {
  name: 'welded',
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    await promise('the contact is welded: it is failed, and never called fenced', async () => {
      site.mains.welded.add(0);
      const diedAt = panics(site);
      await site.waitFor('failed', diedAt, PATIENCE_MS);
      await pause(5_000);
      neverFenced(site);
      assert.deepEqual(edges(site), ['rose', 'fell']);
      assert.ok(site.server.isOn());
    });
  },
};

export const senseBroken: Scenario = {
  name: 'sense-broken',
  run: async (site, promise) => {
    await promise('the server beats on both channels', () => settled(site));
    await promise('the wire of the sense breaks: an alarm, and no relay moves', async () => {
      const atMs = happens(site, 'the wire of the sense breaks', () => {
        site.mains.isSenseBroken = true;
      });
      await site.waitFor('sense-suspect', atMs, PATIENCE_MS);
      assert.deepEqual(site.mains.trace, []);
    });
    await promise(
      'the server dies: a sense that lied proves nothing, so it is not fenced',
      async () => {
        const diedAt = panics(site);
        await site.waitFor('failed', diedAt, PATIENCE_MS);
        neverFenced(site);
      },
    );
  },
};

function neverFenced(site: Site): void {
  const claims = site.said().filter(({ code }) => code === 'fenced');
  assert.equal(claims.length, 0, claims[0]?.text);
}

function edges(site: Site): string[] {
  return site.mains.trace.map(({ isHigh }) => (isHigh ? 'rose' : 'fell'));
}
