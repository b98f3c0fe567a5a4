/**
 * A host in a few words: what an order needs to know of it, and all that a serial line can carry.
 */
import { failure, ok, type Result } from '../../protocol/result.ts';
import {
  type MessageOf,
  nameOf,
  PHASE,
  type Phase,
  READING,
  type Reading,
} from '../../protocol/wire/messages.ts';
import type { BoardView, HostView } from '../../protocol/wire/view.ts';
import type { BoardFailure } from './board.ts';
import { incarnationName } from './words.ts';

export interface Glance {
  name: string;
  phase: Phase;
  /** Null where no life of it is known. */
  incarnation: number | null;
  /** What its senses say together: `off` only where all of them do. */
  reading: Reading;
}

/** One host of a view; an unknown name is the caller's mistake. */
export function hostIn({ hosts }: BoardView, name: string): Result<HostView, BoardFailure> {
  const host = hosts.find((one) => one.name === name);
  return host === undefined
    ? unknownHost(
        name,
        hosts.map((one) => one.name),
      )
    : ok(host);
}

export function unknownHost(name: string, names: readonly string[]): Result<never, BoardFailure> {
  const known = names.join(', ') || 'none';
  return failure('wrong-use', `no host is called ${name}; the hosts are: ${known}`);
}

export function glanceOf({ name, phase, incarnation, senses }: HostView): Glance {
  const readings = senses.map(({ reading }) => reading);
  const isOff = readings.length > 0 && readings.every((reading) => reading === 'off');
  const reading = readings.includes('on') ? 'on' : isOff ? 'off' : 'unknown';
  return { name, phase, incarnation, reading };
}

/** The fields of a STATE, which are all that it has over a serial line. */
export function glanceIn(name: string, state: MessageOf<'state'>): Glance {
  return {
    name,
    phase: nameOf(PHASE, state.phase) ?? 'unknown',
    incarnation: state.incarnation === 0 ? null : state.incarnation,
    reading: nameOf(READING, state.reading) ?? 'unknown',
  };
}

export function glanceText({ name, phase, incarnation, reading }: Glance): string {
  return `${name}: ${phase}, incarnation ${incarnationName(incarnation)}, power reads ${reading}\n`;
}
