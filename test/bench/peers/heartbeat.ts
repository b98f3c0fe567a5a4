/**
 * Two nodes of Heartbeat 3 (linux-ha.org), Debian's package, with the timers that are asked for: from
 * the moment at which one of them hangs to the other's verdict and to its call of a STONITH device.
 *
 * They hear each other over broadcasts on a cable of their own. The device is a plugin that writes a
 * line into the log of the node, which is followed; so verdict and call come by one way.
 */
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { pause } from '../../lib/until.ts';
import { layWire, type PeerNode, startPeer } from './peer-node.ts';
import type { Silence, Timers } from './timers.ts';

export const HEARTBEAT_NEEDS: readonly string[] = [
  '/usr/libexec/heartbeat/heartbeat',
  '/usr/lib/stonith/plugins',
];

const NAMES = ['deimos', 'phobos'] as const;
const LOG = '/run/ha-log';
const CALLED = 'stonith-called';
/** Before that the other node may hold nothing, and needs no STONITH when it falls silent. */
const SETTLED = 'remote resource transition completed';
const UP_MS_MAX = 90_000;
/** Its scripts run on after that, and a node that has just come back is given twice its deadtime. */
const REST_MS = 10_000;
/** It waits so long at its start for a node that is not there. */
const INITDEAD_S = 30;

const config = ({ keepaliveMs, warntimeMs, deadtimeMs }: Timers): string => `logfile ${LOG}
keepalive ${keepaliveMs}ms
warntime ${warntimeMs}ms
deadtime ${deadtimeMs}ms
initdead ${INITDEAD_S}
udpport 694
bcast eth0
auto_failback on
node ${NAMES.join(' ')}
pacemaker off
stonith_host * external/told
`;

const PLUGIN = `#!/bin/sh
case $1 in
gethosts) echo ${NAMES.join(' ')};;
on|off|reset) echo "${CALLED} $1 $2" >> ${LOG};;
getconfignames|status) ;;
getinfo-xml) echo '<parameters></parameters>';;
getinfo-*) echo told;;
*) exit 1;;
esac
`;

/** The log must be a file, and tail follows one in memory without delay. */
const BOOT = `touch ${LOG}
mkdir -p /run/heartbeat /run/lock
chown hacluster:haclient /run/heartbeat
/usr/libexec/heartbeat/heartbeat >> ${LOG} 2>&1 &
exec tail --lines=+1 --follow ${LOG}
`;

/** Hangs a node again and again until `endsAtMs`, three times at least. */
export async function heartbeatSilences(timers: Timers, endsAtMs: number): Promise<Silence[]> {
  const wire = layWire('heartbeat');
  const nodes = NAMES.map((name, i) =>
    startPeer({
      ...{ name, boot: BOOT, network: wire.ends[i]?.network ?? '' },
      files: {
        '/etc/ha.d/ha.cf': { text: config(timers) },
        '/etc/ha.d/authkeys': { text: 'auth 1\n1 sha1 for-the-bench-only\n', mode: 0o600 },
        '/etc/ha.d/haresources': { text: '' },
        '/usr/lib/stonith/plugins/external/told': { text: PLUGIN, mode: 0o755 },
      },
    }),
  );
  const [judge, victim] = nodes;
  const silences: Silence[] = [];
  try {
    if (judge === undefined || victim === undefined) throw new Error('there are two names');
    await judge.said(SETTLED, 0, UP_MS_MAX);
    while (silences.length < 3 || monotonicMs() < endsAtMs) {
      await pause(REST_MS + Math.random() * timers.keepaliveMs);
      silences.push(await hang(judge, victim, timers));
      const cutAtMs = monotonicMs();
      await victim.cut();
      victim.boot();
      await judge.said(SETTLED, cutAtMs, UP_MS_MAX);
    }
    return silences;
  } finally {
    for (const node of nodes) await node.cut();
    wire.cut();
  }
}

async function hang(judge: PeerNode, victim: PeerNode, timers: Timers): Promise<Silence> {
  const limitMs = 2 * timers.deadtimeMs + 10_000;
  const atMs = monotonicMs();
  victim.hang();
  const [verdict, call] = await Promise.all([
    judge.said(`${victim.name}: is dead`, atMs, limitMs),
    judge.said(CALLED, atMs, limitMs),
  ]);
  return { toVerdictMs: verdict.atMs - atMs, toCallMs: call.atMs - atMs };
}
