/**
 * What a host pledged of its own end: after what time without contact it restarts, and by what.
 *
 * A pledge is of one run of the shim, and nobody tells us when a new run begins; but it says its
 * pledge in every session. So what counts is what was pledged in the session that was heard last on
 * each channel, the worst of it, and nothing while one of them has pledged nothing yet. The end of
 * the host's life, or of ours, forgets it; so does LEFT, which ends the lease.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { OpenedMember } from '../../protocol/wire/session/agent.ts';
import { TIMER_UNIT_MS } from '../../protocol/wire/timer.ts';
import type { Host } from './board.ts';
import type { BeatChannel } from './hearing.ts';

export interface Pledge {
  timeoutMs: number;
  /** As the shim read it from the device. */
  watchdogMs: number;
  /** Of `PLEDGE`: what may be relied on. */
  flags: number;
}

/** What is known of the lease on which a life of a host lives. */
export interface Lease {
  incarnation: number;
  /** When its last word was received, whatever it was, fresh or stale: an ALIVE may have named it. */
  heardAwake: Instant;
  /** The session heard last on each channel. */
  sessions: { channel: BeatChannel; session: number; pledge?: Pledge }[];
}

/** Takes note of a word that was accepted; kept only of hosts that may pledge, or have. */
export function hearPledge(
  host: Host,
  opened: OpenedMember,
  fresh: boolean,
  nowAwake: Instant,
): void {
  const { kind, incarnation, session } = opened;
  const { lease } = host;
  if (kind === 'left' && fresh) host.lease = undefined;
  const mayPledge = lease !== undefined || host.settings.proof === 'by-timeout';
  if (kind === 'left' || (kind !== 'pledge' && !mayPledge)) return;
  const channel = opened.channel as BeatChannel;
  const sessions = lease?.incarnation === incarnation ? lease.sessions : [];
  const was = sessions.find((one) => one.channel === channel && one.session === session);
  const pledge = kind === 'pledge' && fresh ? pledgeOf(opened) : was?.pledge;
  const others = sessions.filter((one) => one.channel !== channel);
  const said = pledge === undefined ? {} : { pledge };
  const all = [...others, { channel, session, ...said }];
  host.lease = { incarnation, heardAwake: nowAwake, sessions: all };
}

function pledgeOf({ timeout, watchdog, flags }: OpenedMember & { kind: 'pledge' }): Pledge {
  return { timeoutMs: timeout * TIMER_UNIT_MS, watchdogMs: watchdog * TIMER_UNIT_MS, flags };
}

/** The worst that was pledged, in the sessions heard last; undefined where one has pledged nothing. */
export function pledged({ lease }: Host): Pledge | undefined {
  const pledges = lease?.sessions.map(({ pledge }) => pledge) ?? [];
  if (pledges.length === 0 || !pledges.every((one) => one !== undefined)) return undefined;
  return {
    timeoutMs: Math.max(...pledges.map(({ timeoutMs }) => timeoutMs)),
    watchdogMs: Math.max(...pledges.map(({ watchdogMs }) => watchdogMs)),
    flags: pledges.reduce((all, { flags }) => all & flags, 0xff),
  };
}
