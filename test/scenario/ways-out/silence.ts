/** Rows in which the board cannot tell the silence of a dead host from a fault of its own. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { built } from '../../lib/built.ts';
import { type Rack, type RackSetup, run } from '../../lib/rack.ts';
import { pause } from '../../lib/until.ts';
import { allBeat, viewOf } from '../lib/hearing.ts';
import { onBothPaths } from '../lib/racks.ts';
import type { Stage } from '../lib/scenario.ts';
import {
  alarmOf,
  beats,
  deadtimeMsOf,
  farPair,
  fencedByOrder,
  fencedByVerdict,
  hang,
  MILLIS,
  over,
  raised,
  standsStill,
  untouched,
} from './lib.ts';

const BY_ORDER = /fenced by order/;

export async function unprovenPath(stage: Stage): Promise<void> {
  const broker = await stage.broker();
  const path = await stage.path(broker.port);
  const setup = { ...farPair(path), shimBroker: () => broker.url };
  const rack = await stage.rack(setup);
  const [host = ''] = rack.setup.hosts;
  const alarm = { code: 'unproven', remedy: /broker and cables/ };
  await stage.promise(
    'unproven, no way to the broker: it stands still, with an alarm',
    async () => {
      await allBeat(rack, rack.setup.hosts);
      path.cut();
      await standsStill(rack, host, await hang(rack, host), alarm);
    },
  );
  await stage.promise('unproven: the way to the broker is mended, and it is fenced', async () => {
    const sinceMs = monotonicMs();
    path.heal();
    await fencedByVerdict(rack, host, sinceMs);
    await over(rack, host, 'unproven');
  });
  await stage.promise('unproven: it is fenced by order while the broker is away', async () => {
    path.cut();
    await hang(rack, host);
    await raised(rack, host, 'unproven', BY_ORDER);
    const ordering = fencedByOrder(rack, host);
    path.heal();
    await ordering;
    await over(rack, host, 'unproven');
  });
}

/** The broker is the board itself, and the only other host that could prove it is away. */
export async function unprovenAlone(stage: Stage): Promise<void> {
  const rack = await stage.rack(onBothPaths(2, await stage.broker(), MILLIS));
  const [host = '', other = ''] = rack.setup.hosts;
  await stage.promise('unproven, nobody else beats: it stands still, with an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    await rack.bench.host(other, 'terminate');
    await pause(deadtimeMsOf(rack));
    const atMs = await hang(rack, host);
    await standsStill(rack, host, atMs, { code: 'unproven', remedy: BY_ORDER });
  });
  await stage.promise('unproven: it is fenced by order over MQTT', async () => {
    await fencedByOrder(rack, host, { way: 'mqtt' });
    await over(rack, host, 'unproven');
  });
  await stage.promise('unproven: another host beats on its path, and it is fenced', async () => {
    const atMs = await hang(rack, host);
    await raised(rack, host, 'unproven', /broker and cables/);
    await rack.bench.host(other, 'restart');
    await fencedByVerdict(rack, host, atMs);
    await over(rack, host, 'unproven');
  });
}

export async function absent(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const [host = ''] = rack.setup.hosts;
  const deadAtStart = async (): Promise<number> => {
    rack.agent.signal('SIGTERM');
    await rack.agent.ended;
    const atMs = monotonicMs();
    await rack.bench.host(host, 'hang');
    await rack.startAgent();
    return atMs;
  };
  await stage.promise(
    'absent since the board started: it stands still, with an alarm',
    async () => {
      await allBeat(rack, rack.setup.hosts);
      const atMs = await deadAtStart();
      await standsStill(rack, host, atMs, { code: 'absent', remedy: BY_ORDER });
    },
  );
  await stage.promise('absent: it is fenced by order', async () => {
    await fencedByOrder(rack, host);
    await over(rack, host, 'absent');
  });
  await stage.promise('absent: it boots, beats, and is guarded again', async () => {
    await deadAtStart();
    await raised(rack, host, 'absent', /whether it boots/);
    await rack.bench.host(host, 'reboot');
    await beats(rack, host);
    await over(rack, host, 'absent');
    await fencedByVerdict(rack, host, await hang(rack, host));
  });
}

/** Both hang at once, as when what they share fails. */
export async function held(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const { hosts } = rack.setup;
  const [one = '', two = ''] = hosts;
  let atMs = 0;
  await stage.promise('held, for both fell silent: they stand still, with alarms', async () => {
    await allBeat(rack, hosts);
    atMs = await hang(rack, one);
    await rack.bench.host(two, 'hang');
    const alarm = { code: 'held', remedy: BY_ORDER };
    await Promise.all(hosts.map((host) => standsStill(rack, host, atMs, alarm)));
  });
  await stage.promise('held: one is fenced by order over MQTT', async () => {
    await fencedByOrder(rack, one, { way: 'mqtt' });
    await over(rack, one, 'held');
  });
  await stage.promise('held: that one beats again, so the other is fenced', async () => {
    await fencedByVerdict(rack, two, atMs);
    await over(rack, two, 'held');
  });
}

/** It lives and is heard, but neither of its paths brings it anything of the board. */
export async function halfDuplex(stage: Stage): Promise<void> {
  const broker = await stage.broker();
  const path = await stage.path(broker.port);
  const setup = farPair(broker);
  const [host = ''] = setup.hosts;
  const shimBroker = (name: string): string => (name === host ? path.url : broker.url);
  const rack = await stage.rack({ ...setup, shimBroker });
  const deafen = async (): Promise<number> => {
    await beats(rack, host);
    const atMs = monotonicMs();
    path.blackhole('toClient');
    await rack.bench.cable(host, { pulled: 'a' });
    return atMs;
  };
  const mend = async (): Promise<void> => {
    path.heal();
    await rack.bench.cable(host, { pulled: false });
    await beats(rack, host);
    await over(rack, host, 'half-duplex');
  };
  await stage.promise('half-duplex, it is heard and lives: never fenced, an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    const atMs = await deafen();
    await standsStill(rack, host, atMs, { code: 'half-duplex', remedy: /from the board to it/ });
  });
  await stage.promise('half-duplex: its paths are mended, and the alarm is over', mend);
  await stage.promise('half-duplex: it is fenced by order over MQTT', async () => {
    await deafen();
    await raised(rack, host, 'half-duplex', /by order/);
    const ordering = fencedByOrder(rack, host, { way: 'mqtt' });
    await rack.bench.waitFor(
      `${host} is off`,
      (entry) => entry.kind === 'power' && entry.host === host && entry.to === 'off',
    );
    await mend();
    await ordering;
  });
  await stage.promise('half-duplex: it dies of it, and is fenced by verdict', async () => {
    await deafen();
    await raised(rack, host, 'half-duplex', /from the board to it/);
    const fenced = fencedByVerdict(rack, host, await hang(rack, host));
    await rack.agent.waitFor(
      `${host} is cut by verdict`,
      (line) => line.code === 'dead' && line.host === host,
    );
    await mend();
    await fenced;
  });
}

/** The words of `fencepost-agent check` on this file; exit 2 says that it is refused. */
async function checked(rack: Rack, change: (text: string) => string): Promise<string> {
  const path = join(rack.dir, 'other.toml');
  const text = readFileSync(join(rack.dir, 'agent.toml'), 'utf8');
  writeFileSync(path, change(text));
  const { code, stdout, stderr } = await run([built('firmware-agent/main.ts'), 'check', path]);
  assert.equal(code, 2, stdout + stderr);
  return stdout;
}

function onMqttAlone(url: string): RackSetup {
  return { ...farPair({ url }), serial: false };
}

/**
 * A broker that keeps the beats of a host to itself while our own echo passes. Where silence has to
 * be proven nothing moves; where it is taken at its word, it moves unless others are silent, too.
 */
export async function withheldProve(stage: Stage): Promise<void> {
  const broker = await stage.broker();
  const path = await stage.path(broker.port);
  const setup = onMqttAlone(broker.url);
  const [host = ''] = setup.hosts;
  const shimBroker = (name: string): string => (name === host ? path.url : broker.url);
  const prepare = (dir: string): void => {
    const file = join(dir, 'agent.toml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll('covers = "host"', 'covers = "host"\nshows_break = true'));
  };
  const rack = await stage.rack({ ...setup, shimBroker, prepare });
  const alarm = { code: 'unproven', remedy: BY_ORDER };
  await stage.promise(
    'hostile broker, silence = "prove": refused without a far proof',
    async () => {
      const words = await checked(rack, (text) => text.replaceAll('shows_break = true', ''));
      assert.match(words, /silence could never be proven: it has one channel/);
      assert.match(words, /a second channel.*or write silence = "act"/);
    },
  );
  await stage.promise('hostile broker: a living host is not fenced, an alarm stands', async () => {
    await allBeat(rack, rack.setup.hosts, ['mqtt']);
    const atMs = monotonicMs();
    path.blackhole('toBroker');
    await standsStill(rack, host, atMs, alarm);
    path.heal();
    await beats(rack, host);
    await over(rack, host, 'unproven');
  });
  await stage.promise('hostile broker: a dead host stands still until it is ordered', async () => {
    path.blackhole('toBroker');
    await standsStill(rack, host, await hang(rack, host), alarm);
    path.heal();
    await fencedByOrder(rack, host);
    await over(rack, host, 'unproven');
  });
}

export async function withheldAct(stage: Stage): Promise<void> {
  const broker = await stage.broker();
  const paths = [await stage.path(broker.port), await stage.path(broker.port)];
  const setup = onMqttAlone(broker.url);
  const { hosts } = setup;
  const [one = '', two = ''] = hosts;
  const shimBroker = (name: string): string => paths[hosts.indexOf(name)]?.url ?? '';
  const rack = await stage.rack({ ...setup, shimBroker, hostLines: ['silence = "act"'] });
  let atMs = 0;
  await stage.promise(
    'hostile broker, silence = "act": all withheld, nobody is fenced',
    async () => {
      await allBeat(rack, hosts, ['mqtt']);
      atMs = await hang(rack, one);
      for (const path of paths) path.blackhole('toBroker');
      const alarm = { code: 'held', remedy: /broker; it can be fenced by order/ };
      await Promise.all(hosts.map((host) => standsStill(rack, host, atMs, alarm)));
    },
  );
  await stage.promise(
    'hostile broker: it is honest again, and the dead host is fenced',
    async () => {
      for (const path of paths) path.heal();
      await beats(rack, two);
      await fencedByVerdict(rack, one, atMs);
      untouched(rack, two, atMs);
    },
  );
  await stage.promise('hostile broker: one withheld is taken for dead, as "act" says', async () => {
    await pause(2 * deadtimeMsOf(rack));
    const sinceMs = monotonicMs();
    paths[1]?.blackhole('toBroker');
    const fenced = fencedByVerdict(rack, two, sinceMs);
    await rack.agent.waitFor(
      'the verdict',
      ({ code, host }) => code === 'dead' && host === two,
      50_000,
    );
    paths[1]?.heal();
    await fenced;
    untouched(rack, one, sinceMs);
    assert.equal((await viewOf(rack))?.hosts[0]?.phase, 'alive');
    assert.equal(await alarmOf(rack, two, 'failed'), undefined);
  });
}
