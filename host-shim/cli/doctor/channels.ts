/**
 * What the frames of one channel say of its line: heard, nothing, noise, a wrong key, delay.
 *
 * Each layer of the wire fails in its own way, and so each pattern of counters has one likely
 * cause. A frame whose CRC is wrong was damaged on the line; one that is whole under a wrong MAC
 * was made with another key; one that is authentic and echoes an old tick was held up or replayed.
 */
import type { ChannelView, HostView } from '../../../protocol/wire/view.ts';
import { span } from '../words.ts';
import { fine, type Said, unwise, wrong } from './finding.ts';

/** Whose silence is explained by what is known of them. */
const EXPLAINED: ReadonlySet<HostView['phase']> = new Set([
  'left',
  'off',
  'restoring',
  'victim',
  'maintenance',
]);

export interface ChannelCase {
  host: HostView;
  channel: ChannelView;
  /** A fresh beat younger than this means that the channel works. */
  soonMs: number;
  /** Where to look for noise: `the same baud rate at both ends (here 9600)`, say. */
  noiseRemedy: string;
}

/** Judges a channel that is open. */
export function judgeFrames({ host, channel, soonMs, noiseRemedy }: ChannelCase): Said[] {
  const count = countsOf(channel);
  const { quietMs } = channel;
  const heard = quietMs !== null && quietMs <= soonMs;
  const said: Said[] = [];
  if (heard) said.push(fine(`last beat ${span(quietMs)} ago`));
  const judge = heard ? unwise : wrong;
  const tail = heard ? '' : ', and no fresh beat';
  if (count('wrong-host') > 0) {
    said.push(
      wrong(
        `${frames(count('wrong-host'))} of another host came in here: cables are crossed`,
        'Trace both cables, and swap them at one end.',
      ),
    );
  }
  const forged = count('mac') + count('kid');
  if (forged > 0) {
    said.push(
      judge(
        `${frames(forged)} came in whole and under a wrong key${tail}`,
        `Give ${host.name} the same "host ${host.name} ..." line in the keys files of both ends; ` +
          'if they are the same, look for who else sends here.',
      ),
    );
  }
  const late = count('old-tick') + count('stale') + count('replay');
  if (late > 0 && (!heard || late > REPEATS_MAX)) {
    said.push(
      judge(
        `${frames(late)} came in authentic and old${tail}: held up on the way, or replayed`,
        'Look at the way down to the host: it beats, and may not hear the board. Raise delay only ' +
          'where the path is really that slow.',
      ),
    );
  }
  if (count('noise') > 0 && (!heard || forged === 0)) {
    const many = `${frames(count('noise'))} came in damaged${tail}`;
    // A plug pushed home, or a shim that starts, makes one or two.
    if (heard && count('noise') <= NOISE_MAX) said.push(fine(many));
    else said.push(judge(many, noiseRemedy));
  }
  return heard || said.length > 0 ? said : [silence(host, channel)];
}

/** Damaged frames that starting and plugging explain. */
const NOISE_MAX = 10;
/** Late frames that a restart or a stall explains. */
const REPEATS_MAX = 100;

function silence(host: HostView, { quietMs, channel }: ChannelView): Said {
  if (EXPLAINED.has(host.phase)) return fine(`not heard: the host is ${host.phase}`);
  const remedy =
    channel === 'serial'
      ? `Look whether fencepost-shim runs on ${host.name}, then at the cable: TX and RX cross.`
      : `Look whether fencepost-shim runs on ${host.name} and reaches the broker.`;
  return quietMs === null
    ? wrong('nothing was heard in this life of the agent', remedy)
    : wrong(`nothing was heard for ${span(quietMs)}`, remedy);
}

function countsOf({ refused }: ChannelView): (reason: string) => number {
  return (reason) => refused[reason] ?? 0;
}

function frames(count: number): string {
  return `${count} ${count === 1 ? 'frame' : 'frames'}`;
}
