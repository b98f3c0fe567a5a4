/**
 * Why was this host fenced? One record in plain words.
 *
 * Somebody's server was switched off, and they want to know by whom, on what evidence, and whether
 * it was really off. The order is that of their questions: how it ended and how sure that is, who
 * or what began it, what the board knew of each channel then, and what happened minute by minute.
 */

import type { Proof } from '../../protocol/wire/messages.ts';
import type { ChannelEvidence, FenceRecord } from '../../protocol/wire/view.ts';
import { incarnationName, span } from './words.ts';

/** The explanation, several lines. */
export function explain(record: FenceRecord): string {
  return [
    ending(record),
    `  fence ${record.id}, begun ${record.startedAt}, incarnation ${incarnationName(record.incarnation)}`,
    '',
    cause(record.by),
    ...(record.evidence.length > 0 ? ['', 'What the board knew of its channels then:'] : []),
    ...record.evidence.map((one) => `  ${one.channel}: ${evidenceSentence(one)}`),
    '',
    'What happened:',
    ...record.entries.map(({ atMs, what }) => `  ${clock(atMs)}  ${what}`),
    ...marks(record),
    '',
  ].join('\n');
}

function ending(record: FenceRecord): string {
  const { host, proof, reason } = record;
  const because = reason === undefined || reason === '' ? '' : ` (${reason})`;
  switch (record.outcome ?? 'running') {
    case 'running':
      return `${host} is being fenced now; nothing is proven yet.`;
    case 'fenced':
      return `${host} was fenced: ${PROOF_WORDS[proof ?? 'none']}${because}.`;
    case 'acknowledged':
      return `${host} was not proven off; a person answered for it${because}.`;
    case 'failed':
      return `The fence of ${host} failed: it was not proven off${because}.`;
    case 'averted':
      return `The fence of ${host} was averted before its power was cut${because}.`;
    case 'interrupted':
      return `The fence of ${host} was interrupted; whether it was off is not proven${because}.`;
  }
}

const PROOF_WORDS: Record<Proof, string> = {
  none: 'no proof is on record',
  verified: 'verified, every sense read off throughout the hold',
  'by-hold': 'by hold, every outlet read back open throughout the hold; no sense confirmed it',
  'by-timeout': 'by timeout, the host had to have restarted itself by then',
  'by-hand': 'by hand, a person acknowledged it',
};

function cause(by: string): string {
  if (by === 'verdict')
    return 'The board decided it by itself: the host was silent on every channel.';
  if (by === 'timer') return 'Its watchdog timer ran out: nothing had refreshed it.';
  if (by === 'restart')
    return 'The agent restarted in the middle of a fence and finished what it found.';
  const orderer = /^order by (.+)$/.exec(by)?.[1];
  return orderer === undefined ? `It began by: ${by}.` : `It was ordered by ${orderer}.`;
}

function evidenceSentence({ quietMs, provenMs, proof, listening }: ChannelEvidence): string {
  const silence =
    quietMs === null
      ? 'nothing was heard in that life of the agent'
      : `no fresh beat for ${span(quietMs)}`;
  return `${silence}; ${proofSentence(proof, provenMs)}${listening ? '' : '; it was not open at that moment'}`;
}

function proofSentence(proof: ChannelEvidence['proof'], provenMs: number): string {
  switch (proof) {
    case 'far':
      return `the host's own end of the path was proven good for ${span(provenMs)} (far proof)`;
    case 'near':
      return `the board's end of the path was proven good for ${span(provenMs)} (near proof)`;
    case 'none':
      return 'the path was not proven, so its silence said nothing';
  }
}

function clock(atMs: number): string {
  const sign = atMs < 0 ? '-' : '+';
  return `${sign}${(Math.abs(atMs) / 1_000).toFixed(3)} s`.padStart(11);
}

function marks({ untested, unlogged, tape }: FenceRecord): string[] {
  const said: string[] = [];
  if (untested === true) {
    said.push(
      'Untested: no drill has yet shown that these outlets and senses belong to this host.',
    );
  }
  if (unlogged === true) said.push('Unlogged: the board could not write its record before it cut.');
  if (tape !== undefined) said.push(`On the board: fencepost-agent replay ${tape}`);
  return said.length === 0 ? [] : ['', ...said];
}
