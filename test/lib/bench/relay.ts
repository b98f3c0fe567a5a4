/**
 * One relay: a command, and a contact that follows it late, badly or not at all.
 *
 * What was commanded and where the contact is are two things, and only the contact feeds a supply.
 * A later command takes the place of one that is still on its way.
 */
import { after, type Timer } from '../../../protocol/link/timers.ts';
import type { BenchContact, RelayFault } from './config.ts';

export interface Relay {
  command(to: BenchContact): void;
  contact(): BenchContact;
  fault(): RelayFault;
  /** Takes the place of the fault before; a contact that is freed goes where it was last commanded. */
  setFault(fault: RelayFault): void;
  close(): void;
}

/** A closed relay; `onContact` is told of each edge of its contact. */
export function relay(relayMs: number, onContact: (to: BenchContact) => void): Relay {
  let commanded: BenchContact = 'closed';
  let contact: BenchContact = 'closed';
  let fault: RelayFault = {};
  let timers: Timer[] = [];

  const moveTo = (to: BenchContact): void => {
    if (fault.stuck !== undefined && to !== fault.stuck) return;
    if (contact === to) return;
    contact = to;
    onContact(to);
  };
  const forget = (): void => {
    for (const timer of timers) timer.cancel();
    timers = [];
  };
  const follow = (): void => {
    forget();
    const target = commanded;
    const { times, everyMs } = fault.bounce ?? { times: 0, everyMs: 0 };
    const startMs = relayMs + (fault.slowMs ?? 0);
    for (let i = 0; i < times; i += 1) {
      const to = i % 2 === 0 ? target : opposite(target);
      timers.push(after(startMs + i * everyMs, () => moveTo(to)));
    }
    timers.push(after(startMs + times * everyMs, () => moveTo(target)));
  };
  return {
    command: (to) => {
      commanded = to;
      follow();
    },
    contact: () => contact,
    fault: () => fault,
    setFault: (next) => {
      fault = next;
      if (next.stuck !== undefined) moveTo(next.stuck);
      else if (contact !== commanded) follow();
    },
    close: forget,
  };
}

function opposite(contact: BenchContact): BenchContact {
  return contact === 'open' ? 'closed' : 'open';
}
