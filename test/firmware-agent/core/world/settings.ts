/** Boards and hosts for tests: the defaults of the product, and shorthand for what differs. */
import type {
  BoardSettings,
  HostSettings,
  OrdererSettings,
  Timing,
} from '../../../../firmware-agent/core/settings.ts';

export const SECOND = 1_000;

export const DEFAULTS: Timing = {
  keepaliveMs: 1_000,
  warntimeMs: 5_000,
  deadtimeMs: 15_000,
  initdeadMs: 120_000,
  offHoldMs: 5_000,
  drainMs: 2_000,
};

/** A host with a serial line on a shared hub, the broker, one relay and one sense. */
export function guarded(
  host: number,
  name: string,
  differs: Partial<HostSettings> & { times?: Partial<Timing> } = {},
): HostSettings {
  const { times, ...rest } = differs;
  return {
    host,
    name,
    timing: { ...DEFAULTS, ...times },
    silence: 'prove',
    proof: 'verified',
    afterFence: 'restore',
    serial: { adapter: `${name}-port`, modem: false },
    mqtt: true,
    fate: [],
    outlets: [{ name: 'relay', method: 1, readable: true, periodMs: 100 }],
    senses: [{ name: 'sense', covers: 'host', periodMs: 100, showsBreak: true }],
    pulses: [],
    ...rest,
  };
}

/** The same without its serial line. */
export function overBroker(
  host: number,
  name: string,
  differs: Parameters<typeof guarded>[2] = {},
): HostSettings {
  const { serial: _, ...rest } = guarded(host, name, differs);
  return rest;
}

export const OPERATOR: OrdererSettings = {
  orderer: 1,
  name: 'operator',
  may: ['fence', 'off', 'on', 'ack', 'disable', 'reset', 'diag', 'timer', 'status'],
};

export function boundKey(orderer: number, name: string, boundTo: number): OrdererSettings {
  return { ...OPERATOR, orderer, name, boundTo };
}

export function boardOf(
  hosts: HostSettings[],
  differs: Partial<BoardSettings> = {},
): BoardSettings {
  return {
    agent: 1,
    name: 'board',
    brokerOnBoard: false,
    hosts,
    orderers: [OPERATOR, boundKey(2, 'second', 2), boundKey(3, 'third', 3)],
    ...differs,
  };
}
