/**
 * What the board could do for each host at this moment: find it dead, prove it off, and how fast.
 *
 * A configuration may allow a proof that is not there today: the other host is down, the modem line
 * was never seen to fall. Better to hear of it from `doctor` than from a host that is not fenced.
 */
import type { DoctorFacts, HostFacts } from '../../../protocol/control/doctor.ts';
import type { BoardView, HostView } from '../../../protocol/wire/view.ts';
import { span } from '../words.ts';
import { type Finding, fine, type Said, under, unwise, wrong } from './finding.ts';

export function judgeHosts(facts: DoctorFacts, view: BoardView): Finding[] {
  const chainsHeard = facts.hosts.map((one) => ({ name: one.name, chains: heardOn(one, view) }));
  return facts.hosts.flatMap((one) => {
    const host = view.hosts.find(({ name }) => name === one.name);
    if (host === undefined) return [];
    const others = new Set(
      chainsHeard.flatMap(({ name, chains }) => (name === one.name ? [] : chains)),
    );
    return under('hosts', one.name, judgeHost(one, host, others));
  });
}

/** The chains that beats of this host extend now. */
function heardOn({ name, near, proofGapMs }: HostFacts, view: BoardView): string[] {
  const channels = view.hosts.find((host) => host.name === name)?.channels ?? [];
  return near.flatMap(({ channel, chain }) => {
    const quietMs = channels.find((one) => one.channel === channel)?.quietMs ?? null;
    return chain !== null && quietMs !== null && quietMs <= proofGapMs ? [chain] : [];
  });
}

function judgeHost(facts: HostFacts, host: HostView, others: ReadonlySet<string>): Said[] {
  if (host.phase === 'frozen') {
    const remedy = `Read "fencepost why ${host.name}", find out which machine has power, and order with --override.`;
    return [wrong('it is frozen: no relay of it moves', remedy)];
  }
  if (host.maintenanceMs !== null) {
    return [
      fine(`in maintenance for ${span(host.maintenanceMs)} more: not fenced by itself`),
      judgeProof(facts, host),
      times(facts),
    ];
  }
  return [judgeVerdict(facts, host, others), judgeProof(facts, host), times(facts)];
}

function judgeVerdict(facts: HostFacts, host: HostView, others: ReadonlySet<string>): Said {
  if (facts.silence === 'act') return fine('it is fenced on silence alone: silence = "act"');
  const { now, later } = waysNow(facts, host, others);
  if (now.length > 0) return fine(`its silence can be proven: ${now.join('; ')}`);
  const remedy =
    later.length > 0
      ? `Needed is one of: ${[...new Set(later)].join('; ')}.`
      : 'Run fencepost-agent check: it names what could prove it.';
  return unwise('its silence cannot be proven now, so only an order would fence it', remedy);
}

/** Proofs that stand now, and those that the configuration allows and that something is missing for. */
function waysNow(
  { ways, near, proofGapMs, modem }: HostFacts,
  host: HostView,
  others: ReadonlySet<string>,
): Ways {
  const found: Ways = { now: [], later: [] };
  const add = (isNow: boolean, now: string, later: string): void => {
    if (isNow) found.now.push(now);
    else found.later.push(later);
  };
  const both = host.channels.filter((channel) => channel.carried).length > 1;
  const isSteady = (chain: string | null): boolean =>
    near.some((one) => one.chain === chain && one.ageMs !== null && one.ageMs <= proofGapMs);
  if (ways.echo) {
    add(
      both && isSteady('mqtt'),
      'near proof by own echo',
      both ? "the board's own echo through the broker" : 'beats on both of its channels',
    );
  }
  if (ways.others) {
    add(
      both && near.some(({ chain }) => chain !== null && others.has(chain)),
      'near proof by beats of other hosts',
      both ? 'beats of another host on the same path' : 'beats on both of its channels',
    );
  }
  if (modem !== null) {
    const seen = modem.seenAsserted && modem.seenDropped;
    add(
      seen,
      'far proof by modem line',
      'a modem line that was seen asserted and dropped (pull and plug its cable once)',
    );
  }
  if (ways.senses) {
    const on = host.senses.every(({ reading }) => reading === 'on');
    add(on, 'far proof of a loss of power, by its senses', 'senses that read on while it runs');
  }
  return found;
}

interface Ways {
  now: string[];
  later: string[];
}

function judgeProof({ proof }: HostFacts, host: HostView): Said {
  const lives = ['alive', 'late', 'doubt'].includes(host.phase);
  const blind = host.senses.filter(({ reading }) => reading === 'unknown');
  const lying = host.senses.filter(({ reading }) => lives && reading === 'off');
  const isTested = host.drill?.state === 'passed';
  const grade = isTested ? `${proof}, drilled` : `${proof}, untested until a drill`;
  const names = (senses: HostView['senses']): string => senses.map(({ name }) => name).join(', ');
  if (blind.length > 0) {
    const end =
      proof === 'verified' ? 'a fence would end as failed' : 'a fence would rest on its relays';
    return wrong(`${names(blind)} cannot be read: ${end}`, 'Look at that sense and its wiring.');
  }
  if (lying.length > 0) {
    const remedy = 'Look at that sense: it is believed again after it was seen on and off.';
    return wrong(`${names(lying)} reads off while the host beats`, remedy);
  }
  const unread = host.outlets.filter(({ reading }) => reading === 'unknown');
  if (unread.length > 0) {
    const outlets = unread.map(({ name }) => name).join(', ');
    return unwise(
      `outlet ${outlets} is not read back; its fence would rest on senses alone`,
      'Look at that switch; write readable = false only where it cannot be asked.',
    );
  }
  return fine(`its fence can reach the grade ${grade}`);
}

function times({ worst }: HostFacts): Said {
  const { verdictMs, afterStallMs, fencedMs, failedMs, outlivedMs, sessionMs } = worst;
  const stall = `${span(afterStallMs)} more after a stall`;
  const cut =
    `fenced at most ${span(verdictMs + fencedMs)} after its death (verdict ${span(verdictMs)}, ` +
    `${stall}; proof ${span(fencedMs)}), or failed after ${span(verdictMs + failedMs)}; `;
  const timeout =
    `by timeout fenced ${span(outlivedMs ?? 0)}, and twice the timeout of its own watchdog, ` +
    `after its last word (${stall}); `;
  return fine(
    `${failedMs > 0 ? cut : ''}${outlivedMs === undefined ? '' : timeout}` +
      `heard again ${span(sessionMs)} after a restart`,
  );
}
