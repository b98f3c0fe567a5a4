/** Gathers what `fencepost doctor` is told: facts from all parts of the agent, and no effects. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { attempt } from '../protocol/attempt.ts';
import type { DoctorFacts, HostFacts, KeyFacts } from '../protocol/control/doctor.ts';
import { after, monotonicMs } from '../protocol/link/timers.ts';
import { failure, type Result } from '../protocol/result.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import type { KeyRing, Role } from '../protocol/wire/keys.ts';
import type { AgentConfig } from './config/config.ts';
import { audienceOf, waysOfProof } from './config/ways-of-proof.ts';
import { type Board, chainName } from './core/board.ts';
import { awake } from './core/clock.ts';
import { proofGapMs } from './core/limits.ts';
import { worstCases } from './core/worst-case.ts';
import type { FenceRecords } from './drivers/records.ts';
import type { StateFile } from './drivers/state-file.ts';
import type { Paths } from './paths.ts';

export interface DoctorSetup {
  config: AgentConfig;
  ring: KeyRing;
  board: Board;
  records: FenceRecords;
  state: StateFile;
  paths: () => Paths | undefined;
}

/** A disk that does not answer a question in this time hangs. */
const DISK_MS = 1_000;

/** All facts as they are now; takes as long as the disk, at most a second. */
export async function doctorFacts(setup: DoctorSetup): Promise<DoctorFacts> {
  const refusal = await refusalOf(setup.config.stateDir);
  const { config, board, paths } = setup;
  const now = monotonicMs();
  const { clock, derived } = board;
  return {
    pid: process.pid,
    hosts: hostFacts(board, now),
    serial: config.devices.flatMap(({ host, name, serial }) => {
      const link = paths()?.serial.get(host);
      const medium = board.hosts.get(host)?.serial;
      if (serial === undefined || medium === undefined) return [];
      const { path, baud } = serial;
      const { listening: open, changedAt } = medium;
      const reason = link?.counters().reason ?? '';
      return [{ host: name, path, baud, open, forMs: now - changedAt, reason }];
    }),
    broker: brokerFacts(setup, now),
    keysPath: config.keysPath,
    keys: keyFacts(config, setup.ring),
    storage: { ...storageFacts(setup, now), refusal },
    loop: {
      judgeTickMs: derived.judgeTickMs,
      loopLagMs: derived.loopLagMs,
      stalledMs: clock.stalledMs,
      stalls: clock.stalls.map(({ endAt, lengthMs }) => ({ ageMs: now - endAt, lengthMs })),
    },
  };
}

async function refusalOf(dir: string): Promise<string | null> {
  const silent = new Promise<Result<void>>((answer) =>
    after(DISK_MS, () => answer(failure('silent', `it does not answer within ${DISK_MS} ms`))),
  );
  const asked = await Promise.race([attempt(() => access(dir, constants.W_OK)), silent]);
  return asked.ok ? null : asked.detail;
}

function hostFacts(board: Board, now: Instant): HostFacts[] {
  const { settings, clock } = board;
  const heard = audienceOf(settings.hosts, settings.brokerOnBoard);
  const worst = worstCases(settings);
  return [...board.hosts.values()].map((host, i) => {
    const { name, silence, proof, timing, serial } = host.settings;
    const modem = host.hearings.find(({ channel }) => channel === 'serial')?.modem;
    const { seenAsserted = false, seenDropped = false } = modem ?? {};
    return {
      name,
      silence,
      proof,
      ways: waysOfProof(host.settings, heard),
      near: host.hearings.map(({ channel }) => {
        const chain = chainName(host, channel) ?? null;
        const sign = board.chains.get(chain ?? '');
        return { channel, chain, ageMs: sign ? awake(clock, now) - sign.lastAwake : null };
      }),
      proofGapMs: proofGapMs(timing, host.delayMs),
      modem: serial?.modem === true ? { seenAsserted, seenDropped } : null,
      worst: worst[i] as HostFacts['worst'],
    };
  });
}

function brokerFacts({ config, board, paths }: DoctorSetup, now: Instant): DoctorFacts['broker'] {
  const { mqtt } = config;
  if (mqtt === undefined) return null;
  const { opened = 0, dropped = 0, reason = '' } = paths()?.mqtt?.counters() ?? {};
  const echoAt = paths()?.echoAt();
  return {
    url: mqtt.url,
    protocol: mqtt.protocol,
    onBoard: config.board.brokerOnBoard,
    open: board.mqtt.listening,
    forMs: now - board.mqtt.changedAt,
    reason,
    echoMs: echoAt === undefined ? null : now - echoAt,
    echoPeriodMs: board.derived.beaconMs,
    opened,
    dropped,
  };
}

function keyFacts({ board }: AgentConfig, ring: KeyRing): KeyFacts[] {
  const of = (role: Role, owner: string): KeyFacts => {
    const sending = ring.sending(role, owner)?.kid;
    const kids = ring.of(role, owner).map(({ kid }) => kid);
    return { role, owner, kids, ...(sending !== undefined && { sending }) };
  };
  return [
    ...board.hosts.map(({ name }) => of('host', name)),
    ...board.orderers.map((one) => of(one.boundTo === undefined ? 'admin' : 'order', one.name)),
  ];
}

function storageFacts(
  { config, records, state }: DoctorSetup,
  now: Instant,
): Omit<DoctorFacts['storage'], 'refusal'> {
  const { slots, saved } = state.health();
  return {
    dir: config.stateDir,
    saved:
      saved === undefined
        ? null
        : { ageMs: now - saved.at, failure: saved.result.ok ? null : saved.result.detail },
    slots,
    records: records.list().length,
    ...records.counters(),
  };
}
