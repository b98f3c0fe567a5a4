/** Every kind of fault and deed, by name. */
import { AGENT } from './agent.ts';
import { BROKER } from './broker.ts';
import { DEVICES } from './devices.ts';
import { GROUPS } from './groups.ts';
import { HOST } from './host.ts';
import type { FaultKind } from './kind.ts';
import { ORDERS } from './orders.ts';
import { WIRE } from './wire.ts';

export const AREAS: Readonly<Record<string, Readonly<Record<string, FaultKind>>>> = {
  wire: WIRE,
  broker: BROKER,
  agent: AGENT,
  host: HOST,
  devices: DEVICES,
  orders: ORDERS,
  groups: GROUPS,
};

export const FAULTS: Readonly<Record<string, FaultKind>> = Object.assign(
  {},
  ...Object.values(AREAS),
);

/** Throws for a kind that is in no table. */
export function faultOf(kind: string): FaultKind {
  const fault = FAULTS[kind];
  if (fault === undefined) throw new Error(`there is no fault or deed called ${kind}`);
  return fault;
}
