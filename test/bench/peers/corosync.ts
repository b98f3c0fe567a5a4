/**
 * Two nodes of corosync, Debian's package as it ships (real-time priority where the kernel grants it),
 * on a cable of their own, and Pacemaker on top where that is asked for.
 *
 * Two things are counted in what the daemons say. A token that does not come in time breaks the ring,
 * and everything waits until it has formed anew; that is a false alarm. A ring that forms without a node
 * that lives is a false death: this is what makes Pacemaker fence.
 */
import { layWire, type PeerNode, startPeer, untilAsked, type Wire } from './peer-node.ts';

export const COROSYNC_NEEDS: readonly string[] = ['/usr/sbin/corosync'];
export const PACEMAKER_NEEDS: readonly string[] = [
  ...COROSYNC_NEEDS,
  '/usr/sbin/pacemakerd',
  '/usr/sbin/crm_mon',
];

/** What the daemon says when the token did not come, and when a node is no longer in the ring. */
export const TOKEN_LOST = 'A processor failed, forming new configuration';
export const NODE_LEFT = 'Members left:';

export interface Ring {
  readonly nodes: readonly PeerNode[];
  close(): Promise<void>;
}

const NAMES = ['deimos', 'phobos'] as const;
const FORMED_MS_MAX = 30_000;

/** `tokenMs` absent leaves it at corosync's default. */
const config = (prefix: string, wire: Wire, tokenMs: number | undefined): string => `totem {
 version: 2
 cluster_name: peers
 transport: knet
${tokenMs === undefined ? '' : ` token: ${tokenMs}\n`}}
nodelist {
${NAMES.map(
  (name, i) => ` node {
  name: ${prefix}-${name}
  nodeid: ${i + 1}
  ring0_addr: ${wire.ends[i]?.address}
 }`,
).join('\n')}
}
quorum {
 provider: corosync_votequorum
 two_node: 1
}
logging {
 to_stderr: yes
 to_syslog: no
 to_logfile: no
}
`;

const BOOT = {
  corosync: 'exec corosync -f 2>&1\n',
  pacemaker: `corosync -f 2>&1 &
sleep 2
exec pacemakerd 2>&1
`,
};

/** Resolves when both nodes are in one ring; where Pacemaker runs, when both are online for it. */
export async function startRing(
  runs: keyof typeof BOOT,
  tokenMs: number | undefined = undefined,
): Promise<Ring> {
  const wire = layWire('corosync');
  const text = config(runs, wire, tokenMs);
  const nodes = NAMES.map((name, i) =>
    startPeer({
      ...{ name: `${runs}-${name}`, network: wire.ends[i]?.network ?? '', boot: BOOT[runs] },
      files: { '/etc/corosync/corosync.conf': { text } },
    }),
  );
  const close = async (): Promise<void> => {
    for (const node of nodes) await node.cut();
    wire.cut();
  };
  try {
    for (const node of nodes) await node.said('Members[2]', 0, FORMED_MS_MAX);
    const online = `Online: [ ${nodes.map(({ name }) => name).join(' ')} ]`;
    if (runs === 'pacemaker') {
      await untilAsked('Pacemaker has both nodes online', () =>
        Boolean(nodes[0]?.ask(['crm_mon', '-1'])?.includes(online)),
      );
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { nodes, close };
}
