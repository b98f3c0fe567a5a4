/**
 * A board without hardware, for tests of everything that asks or orders: two hosts, alarms and one
 * record. What it was ordered is kept, and how it answers is set by the test.
 */
import type { Desk } from '../../firmware-agent/control/desk.ts';
import type { DoctorFacts } from '../../protocol/control/doctor.ts';
import type {
  BoardView,
  FenceRecord,
  HostView,
  LocalOrder,
  OrderAnswer,
} from '../../protocol/wire/view.ts';

export interface FakeDesk extends Desk {
  /** What came, oldest first. */
  ordered: { order: LocalOrder; by: string }[];
  /** The answers that the next orders get, in this order; none at all leaves them unanswered. */
  answers: Partial<OrderAnswer>[];
  shown: BoardView;
  kept: FenceRecord[];
  facts: DoctorFacts;
}

export function fakeHost(name: string, host: number): HostView {
  return {
    name,
    host,
    phase: 'alive',
    phaseMs: 61_000,
    incarnation: 0x1a2b3c4d,
    channels: [
      {
        channel: 'serial',
        listening: true,
        carried: true,
        quietMs: 250,
        provenMs: 9_000,
        refused: {},
      },
      {
        channel: 'mqtt',
        listening: false,
        carried: false,
        quietMs: null,
        provenMs: 0,
        refused: {},
      },
    ],
    outlets: [{ name: `${name}-psu`, method: 1, reading: 'closed' }],
    senses: [{ name: `${name}-sense`, reading: 'on', believed: false }],
    fence: null,
    keptOffBy: null,
    maintenanceMs: null,
    drill: null,
    timer: null,
    pulse: null,
  };
}

export function fakeRecord(host: string): FenceRecord {
  return {
    id: 3,
    host,
    incarnation: 0x1a2b3c4d,
    by: 'verdict',
    startedAt: '2026-01-02T03:04:05.678Z',
    outcome: 'fenced',
    proof: 'verified',
    untested: true,
    evidence: [
      { channel: 'serial', quietMs: 4_020, provenMs: 0, proof: 'none', listening: true },
      { channel: 'mqtt', quietMs: 4_100, provenMs: 4_100, proof: 'near', listening: true },
    ],
    entries: [
      { atMs: 0, what: 'verdict: silent on every channel' },
      { atMs: 12, what: 'cut psu' },
      { atMs: 2_080, what: 'fenced, verified: off for 2.0 s' },
    ],
  };
}

const WORST = {
  verdictMs: 15_815,
  afterStallMs: 3_000,
  fencedMs: 7_600,
  failedMs: 12_600,
  sessionMs: 3_500,
};

/** A board in good order, as `doctor` is told of it; its ports and files are not there. */
export function fakeFacts(): DoctorFacts {
  return {
    pid: 1,
    hosts: ['deimos', 'phobos'].map((name) => ({
      name,
      silence: 'prove',
      proof: 'verified',
      ways: { single: false, echo: true, others: true, modem: false, senses: false },
      near: [
        { channel: 'serial', chain: null, ageMs: null },
        { channel: 'mqtt', chain: 'mqtt', ageMs: 400 },
      ],
      proofGapMs: 5_000,
      modem: null,
      worst: WORST,
    })),
    serial: ['deimos', 'phobos'].map((host) => ({
      host,
      path: `/dev/serial/by-path/${host}`,
      baud: 115_200,
      open: true,
      forMs: 60_000,
      reason: '',
    })),
    broker: {
      url: 'mqtts://broker.example.org',
      protocol: 5,
      onBoard: false,
      open: true,
      forMs: 60_000,
      reason: '',
      echoMs: 400,
      echoPeriodMs: 1_000,
      opened: 1,
      dropped: 0,
    },
    keysPath: '/nowhere/keys',
    keys: [{ role: 'host', owner: 'deimos', kids: [1], sending: 1 }],
    storage: {
      dir: '/var/lib/fencepost',
      refusal: null,
      saved: { ageMs: 5_000, failure: null },
      slots: ['valid', 'absent'],
      records: 1,
      unreadable: 0,
      unsaved: 0,
    },
    loop: { judgeTickMs: 50, loopLagMs: 250, stalledMs: 0, stalls: [] },
  };
}

export function fakeDesk(): FakeDesk {
  const desk: FakeDesk = {
    ordered: [],
    answers: [{ outcome: 'accepted' }, { outcome: 'done', proof: 'verified', detail: '' }],
    shown: {
      agent: 'board1',
      life: '00112233',
      uptimeMs: 1_000,
      waitState: 'none',
      refusedOrders: {},
      victimNow: null,
      disabledBy: null,
      hosts: [fakeHost('deimos', 1), fakeHost('phobos', 2)],
      alarms: [],
    },
    kept: [fakeRecord('deimos')],
    facts: fakeFacts(),
    view: () => desk.shown,
    keys: () => ({
      watchedMs: 900,
      keys: [{ role: 'host', owner: 'deimos', kid: 1, sending: true, unusedMs: 250 }],
    }),
    records: (host) => desk.kept.filter((one) => host === undefined || one.host === host),
    order(order, by, answer) {
      desk.ordered.push({ order, by });
      const { cmdId, op, host, incarnation } = order;
      const blank = {
        cmdId,
        op,
        host,
        incarnation,
        proof: 'none',
        untested: false,
        detail: '',
      } as const;
      for (const one of desk.answers) answer({ ...blank, outcome: 'done', ...one });
    },
    doctor: async () => desk.facts,
    reload: async () => ({ ok: false, problems: ['agent.toml:3: too short'] }),
  };
  return desk;
}
