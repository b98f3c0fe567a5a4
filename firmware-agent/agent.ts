/**
 * One life of the agent: everything that a configuration names, opened, wired to the core, and
 * closed again.
 *
 * It begins by reading: nothing is judged and nothing moves until every contact and sense has
 * answered once and the disk has said what it remembers. A reload ends one life and begins the
 * next in the same process; like any restart it moves no relay. Changed keys alone end no life:
 * they are taken in place, and whatever does not hang on a key that is gone goes on.
 */
import { randomBytes } from 'node:crypto';
import { attempt } from '../protocol/attempt.ts';
import type { LineServer } from '../protocol/control/server.ts';
import { after, inSlices, monotonicMs } from '../protocol/link/timers.ts';
import type { Logger } from '../protocol/log.ts';
import { type MqttAccess, mqttAccess } from '../protocol/mqtt-secrets.ts';
import { ok, type Result } from '../protocol/result.ts';
import type { Crypto } from '../protocol/wire/crypto.ts';
import { GROUP_ANSWER } from '../protocol/wire/groups.ts';
import type { KeyEntry, KeyRing, RingKey } from '../protocol/wire/keys.ts';

import {
  type AgentSessions,
  agentSessions,
  endSession,
  type Opened,
  refusals,
  retire,
} from '../protocol/wire/session/agent.ts';
import { endRevoked } from '../protocol/wire/session/revoke.ts';
import type { FenceRecord } from '../protocol/wire/view.ts';
import { type Announcer, announcer } from './announce.ts';
import type { AgentConfig } from './config/config.ts';
import { controlSocket } from './control/socket.ts';
import { timerWords } from './control/timer-words.ts';
import { type Board, newBoard } from './core/board.ts';
import { awake } from './core/clock.ts';
import { durableOf } from './core/durable.ts';
import type { Effect } from './core/events.ts';
import { viewHost } from './core/view.ts';
import { type AgentDesk, type DeskSetup, openDesk } from './desk.ts';
import { type AlertHookDriver, alertHook } from './drivers/alert-hook.ts';
import { type Devices, openDevices } from './drivers/devices.ts';
import { type FenceRecords, fenceRecords } from './drivers/records.ts';
import { type StateFile, stateFile } from './drivers/state-file.ts';
import { openPaths, type Paths } from './paths.ts';
import type { BoardWatchdog } from './ports/watchdog.ts';
import { recall } from './recall.ts';
import { type Sampler, sampler } from './sampler.ts';
import { type Hands, runShell, type Shell } from './shell.ts';
import { type Recorder, recorder } from './tape.ts';

export interface AgentSetup {
  config: AgentConfig;
  crypto: Crypto;
  ring: KeyRing;
  log: Logger;
  /** The devices of the life before in this process, which ended because its configuration changed. */
  before?: Devices | undefined;
  /** Reads the configuration again; answers the local socket's `reload`. */
  reload: () => Promise<{ ok: boolean; problems: string[] }>;
  /** The board's own watchdog; it is open already, and outlives this life. */
  watchdog: BoardWatchdog | undefined;
  /** The core asked for an end that only a new process can mend. */
  end: (why: string) => void;
}

export interface Agent {
  /** Whether any host is a victim now: such a board is not reloaded. */
  hasVictim(): boolean;
  /** Uses these keys from now on, and no others; every configured host and orderer has one. */
  takeKeys(keys: readonly KeyEntry[]): void;
  /**
   * Saves, says goodbye and closes everything but the devices; no relay is told anything. Hosts that
   * fence themselves hear of a `farewell` that the agent is stopped on purpose.
   */
  end(farewell?: 'farewell'): Promise<Devices>;
}

/** A device that does not answer at all must not keep the board from guarding the other hosts. */
const FIRST_LOOK_MS = 5_000;

interface Parts {
  setup: AgentSetup;
  board: Board;
  sessions: AgentSessions;
  devices: Devices;
  state: StateFile;
  records: FenceRecords;
  recorder: Recorder;
  hook: AlertHookDriver | undefined;
  announce: Announcer;
  /** Filled while the parts are wired; each exists before the first event can reach it. */
  late: {
    paths?: Paths;
    desk?: AgentDesk;
    sampler?: Sampler;
    shell?: Shell;
    /** Hears what is said after the core has ended. */
    hear?: (opened: Opened) => void;
  };
  startsWallMs: number[];
}

/** Opens everything and begins to guard; fails where the socket or a secret cannot be had. */
export async function startAgent(setup: AgentSetup): Promise<Result<Agent>> {
  const { config, log } = setup;
  const access = config.mqtt === undefined ? ok(undefined) : await mqttAccess(config.mqtt);
  if (!access.ok) return access;
  const parts = await makeParts(setup, access.value);
  const { board, late } = parts;
  const shell = runShell(board, handsOf(parts), parts.recorder);
  late.shell = shell;
  const desk = openDesk({
    ...setup,
    board,
    records: parts.records,
    take: shell.take,
    paths: () => late.paths,
    refused: refusedOn(parts),
    doctor: async () => {
      const { doctorFacts } = await import('./doctor.ts');
      return doctorFacts({ ...setup, ...parts, paths: () => late.paths });
    },
  });
  late.desk = desk;
  const socket = await controlSocket(config.socketPath, desk, (sentence) => log.warn(sentence));
  if (!socket.ok) {
    shell.close();
    await parts.devices.close();
    return socket;
  }
  late.paths = wirePaths(parts, access.value, shell, desk);
  late.sampler = sampler({
    board: config.board,
    devices: parts.devices,
    serial: late.paths.serial,
    take: shell.take,
    isFenced: (host) => board.hosts.get(host)?.fence !== undefined,
  });
  const count = config.board.hosts.length;
  log.info(`listening: ${count} ${count === 1 ? 'host' : 'hosts'}, orders at ${config.socketPath}`);
  await Promise.race([late.sampler.first, new Promise<void>((go) => after(FIRST_LOOK_MS, go))]);
  const wallMs = Date.now();
  const { startsWallMs, ...memory } = recall(parts.state, setup.before !== undefined, wallMs);
  parts.startsWallMs.push(...startsWallMs);
  const { records } = parts;
  for (const record of memory.durable?.records ?? []) records.restore(record);
  const lastId = Math.max(0, ...records.list().map(({ id }) => id));
  shell.take({ kind: 'start', wallMs, lastId, ...memory });
  return ok(running(parts, shell, socket.value));
}

async function makeParts(setup: AgentSetup, access: MqttAccess | undefined): Promise<Parts> {
  const { config, crypto, ring, log } = setup;
  const tools = { log, agent: config.board.name, access };
  const devices = await openDevices(config.board, config.devices, tools, setup.before);
  const aNonce = randomBytes(8);
  const board = newBoard(config.board, aNonce.toString('hex'), monotonicMs());
  const sessions = agentSessions({
    crypto,
    ring,
    agent: config.board.agent,
    aNonce,
    hosts: [...board.hosts.values()].map(({ settings, freshnessMs }) => ({
      host: settings.host,
      name: settings.name,
      freshnessMs,
      keepaliveMs: settings.timing.keepaliveMs,
    })),
    draw: () => randomBytes(8),
  });
  const late: Parts['late'] = {};
  const hook = config.alert === undefined ? undefined : alertHook(config.alert, log);
  return {
    setup,
    board,
    sessions,
    devices,
    state: stateFile(config.stateDir),
    records: fenceRecords(config.stateDir),
    recorder: recorder(board),
    hook,
    announce: announcer({
      board: config.board,
      life: board.life,
      log,
      hook,
      mqtt: () => late.paths?.mqtt,
      wallClock: () => new Date(),
    }),
    late,
    startsWallMs: [],
  };
}

function wirePaths(
  { setup, board, sessions, announce, late }: Parts,
  access: MqttAccess | undefined,
  shell: Shell,
  desk: AgentDesk,
): Paths {
  return openPaths(
    { config: setup.config, access, sessions, ticks: board.ticks },
    {
      opened: (opened) => {
        shell.take({ kind: 'heard', opened });
        late.hear?.(opened);
      },
      refused: (host, channel, why) => shell.take({ kind: 'refused', host, channel, why }),
      ended: (host, channel, why) => shell.take({ kind: 'ended', host, channel, why }),
      listening: (at, on) => {
        shell.take({ kind: 'listening', ...at, on });
        if (at.channel === 'mqtt' && on) announce.online();
      },
      echoed: () => shell.take({ kind: 'echoed' }),
      order: (frame, from) => desk.orders.message(frame, from, monotonicMs()),
      say: (sentence) => setup.log.warn(sentence),
    },
  );
}

function handsOf(parts: Parts): Hands {
  const { setup, board, devices, state, records, late } = parts;
  const { log } = setup;
  const save = (when: 'now' | 'soon'): ReturnType<StateFile['save']> =>
    state.save(durableOf(board, parts.startsWallMs, records.waiting()), when);
  return {
    journal: async () => (await save('now')).ok,
    save: () => void save('soon'),
    turn: (host, outlets, to) => {
      const { name } = board.hosts.get(host)?.settings ?? { name: '' };
      for (const outlet of outlets) {
        const device = devices.outlets.get(host)?.[outlet];
        if (device === undefined) continue;
        void attempt(() => device.turn(to)).then((tried) => {
          const result = tried.ok ? tried.value : tried;
          if (result.ok) return late.sampler?.hasten(host);
          log.error(`${device.name} did not take the command: ${result.detail}`, { host: name });
        });
      }
      late.sampler?.hasten(host);
    },
    pulse: (host, line) => {
      const device = devices.pulses.get(host)?.[line];
      if (device === undefined) return;
      void attempt(() => device.pulse()).then((tried) => {
        const result = tried.ok ? tried.value : tried;
        const { name } = board.hosts.get(host)?.settings ?? { name: '' };
        if (!result.ok)
          log.error(`${device.name} was not pulsed: ${result.detail}`, { host: name });
      });
    },
    carry: (effect) => carry(parts, effect),
    well: () => {
      const news = setup.watchdog?.well();
      if (news !== undefined) parts.announce.news(news);
    },
    end: setup.end,
  };
}

function carry(parts: Parts, effect: Parameters<Hands['carry']>[0]): void {
  const { board, sessions, records, recorder, announce, late } = parts;
  switch (effect.kind) {
    case 'round': {
      late.paths?.round(effect.tick);
      inSlices([...board.hosts.values()], (host) =>
        announce.state(viewHost(board, host, monotonicMs())),
      );
      return;
    }
    case 'retire':
      return retire(sessions, effect.host, effect.incarnation);
    case 'acknowledge':
      return late.paths?.acknowledge(effect.opened, board.ticks.latest);
    case 'tell-timer':
      return tellTimer(parts, effect);
    case 'tell-group': {
      const { to, group, answer, holder } = effect;
      const words = { turn: to.turn, group, answer: GROUP_ANSWER[answer], holder };
      const said = { kind: 'grant', tick: board.ticks.latest, ...words } as const;
      return late.paths?.say(to.host, to.channel, said);
    }
    case 'hang-up':
      for (const channel of ['serial', 'mqtt'] as const) {
        if (channel !== effect.but) endSession(sessions, effect.host, channel);
      }
      return;
    case 'answer':
      return late.desk?.answer(effect.answer);
    case 'record': {
      // A start tells of a fence of the life before, which may have kept a better record.
      const how = effect.record.outcome === 'interrupted' ? 'restore' : 'put';
      return records[how](dated(effect.record), recorder.tape());
    }
    case 'news':
      return announce.news(effect);
  }
}

/** An answer goes back where the question came from; a warning goes out on every channel. */
function tellTimer(
  { board, late }: Parts,
  { host: number, to }: Effect & { kind: 'tell-timer' },
): void {
  const host = board.hosts.get(number);
  if (host === undefined) return;
  const said = timerWords(host.timer, awake(board.clock, monotonicMs()));
  const words = { kind: 'timer', ...said, tick: board.ticks.latest, heard: to?.seq ?? 0 } as const;
  const channels = to === undefined ? host.hearings.map(({ channel }) => channel) : [to.channel];
  for (const channel of channels) late.paths?.say(number, channel, words);
}

/** Noise, wrong keys, replays: what was dropped on each path, by reason. */
function refusedOn({ sessions, late }: Parts): DeskSetup['refused'] {
  return () => {
    const paths = new Map(
      refusals(sessions).map(({ host, channel, counts }) => [`${host} ${channel}`, counts]),
    );
    return (host, channel) => {
      const link = channel === 'serial' ? late.paths?.serial.get(host)?.counters() : undefined;
      const all = { noise: link?.noise ?? 0, ...paths.get(`${host} ${channel}`) };
      return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
    };
  };
}

/** The core has no wall clock; people want to know when it began, which is before the latest entry. */
function dated(record: FenceRecord): FenceRecord {
  const ageMs = Math.max(0, record.entries.at(-1)?.atMs ?? 0);
  return { ...record, startedAt: new Date(Date.now() - ageMs).toISOString() };
}

/** Ends what was made from keys that are gone, and tells the core that this was no silence. */
function takeKeys({ setup, sessions }: Parts, shell: Shell, keys: readonly KeyEntry[]): void {
  const { added, gone } = setup.ring.take(keys);
  for (const { host, channel } of endRevoked(sessions)) {
    if (channel !== 'socket') shell.take({ kind: 'ended', host, channel, why: 'revoked' });
  }
  const list = (some: RingKey[]): string =>
    some.length > 8 ? String(some.length) : some.map(keyName).join(', ') || 'none';
  setup.log.info(`the keys are read again; new: ${list(added)}; revoked: ${list(gone)}`);
}

function keyName({ role, owner, kid }: RingKey): string {
  return `${role} ${owner} ${kid}`;
}

async function sayFarewell({ setup, board, late }: Parts): Promise<void> {
  const { farewell } = await import('./farewell.ts');
  const listen = (hear: (opened: Opened) => void): void => {
    late.hear = hear;
  };
  await farewell({ board, log: setup.log, paths: late.paths, listen });
}

function running(parts: Parts, shell: Shell, socket: LineServer): Agent {
  const { board, devices, state, records, hook, late } = parts;
  return {
    hasVictim: () => [...board.hosts.values()].some((host) => host.fence !== undefined),
    takeKeys: (keys) => takeKeys(parts, shell, keys),
    end: async (last) => {
      shell.close();
      late.sampler?.close();
      hook?.close();
      if (last !== undefined) await attempt(() => sayFarewell(parts));
      await Promise.all([socket.close(), late.paths?.close(), records.settled()]);
      await state.close();
      return devices;
    },
  };
}
