/**
 * A board without hardware, for tests of everything that asks or orders: two hosts, alarms and one
 * record. What it was ordered is kept, and how it answers is set by the test.
 */
import type { Desk } from '../../firmware-agent/control/desk.ts';
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
    view: () => desk.shown,
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
    reload: async () => ({ ok: false, problems: ['agent.toml:3: too short'] }),
  };
  return desk;
}
