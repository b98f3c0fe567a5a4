/** Judges what belongs to the board itself: keys, storage, clock, its own attention. */
import type { DoctorFacts, KeyFacts } from '../../../protocol/control/doctor.ts';
import { HIBERNATION_REMEDY } from '../../drivers/hibernation.ts';
import { span } from '../words.ts';
import { type Finding, fine, type Said, under, unwise, wrong } from './finding.ts';
import type { Outside } from './outside.ts';

/** A stall longer ago than this is history. */
const LATELY_MS = 3_600_000;

export function judgeMachine(facts: DoctorFacts, outside: Outside): Finding[] {
  return [
    ...under('keys', facts.keysPath, judgeKeysFile(outside)),
    ...facts.keys.flatMap((key) => under('keys', `${key.role} ${key.owner}`, judgeKey(key))),
    ...under('storage', facts.storage.dir, judgeStorage(facts.storage)),
    ...under('clock', '', judgeClock(outside)),
    ...under('loop', '', [...judgeLoop(facts.loop), ...judgeSleep(outside)]),
  ];
}

function judgeKeysFile({ keysMode }: Outside): Said[] {
  if (keysMode === undefined) return [];
  const mode = keysMode.toString(8).padStart(3, '0');
  if ((keysMode & 0o077) === 0) return [fine(`its mode is ${mode}`)];
  return [wrong(`others may read or change it: its mode is ${mode}`, 'Run chmod 600 on it.')];
}

function judgeKey({ kids, sending }: KeyFacts): Said[] {
  if (sending === undefined) return [wrong('there is no key', 'Add its line to the keys file.')];
  const others = kids.filter((kid) => kid !== sending);
  if (others.length === 0) return [fine(`key ${sending}`)];
  return [fine(`sends with key ${sending}; ${others.join(', ')} are taken, too`)];
}

function judgeStorage(storage: DoctorFacts['storage']): Said[] {
  const { refusal, saved, slots, records, unreadable, unsaved } = storage;
  const said: Said[] = [];
  const trouble = refusal ?? saved?.failure ?? null;
  if (trouble === null) {
    const when = saved === null ? 'nothing was saved yet' : `last saved ${span(saved.ageMs)} ago`;
    said.push(fine(`writable, ${when}; ${records} fence records`));
  } else {
    said.push(
      wrong(
        `nothing can be stored: ${trouble}; locks, orders and records end with this process`,
        'Mount it for writing, make room, or let the user of the agent write there. Fencing goes on.',
      ),
    );
  }
  const torn = slots.filter((slot) => slot !== 'valid' && slot !== 'absent');
  if (torn.length > 0) {
    const remedy =
      'Nothing, if power was lost in mid-write: the next saves mend it. Else the disk.';
    said.push(unwise(`${torn.length} of ${slots.length} slots cannot be used (${torn})`, remedy));
  }
  if (unreadable > 0 || unsaved > 0) {
    const text = `fence records: ${unreadable} files are no whole record, ${unsaved} were not written`;
    said.push(unwise(text, 'Look at the disk; move the broken files away.'));
  }
  return said;
}

function judgeClock({ wallMs, installedMs, synchronised }: Outside): Said[] {
  const at = new Date(wallMs).toISOString();
  const why = 'no decision depends on it, only the dates in logs and the check of certificates';
  if (installedMs !== undefined && wallMs < installedMs) {
    return [
      unwise(
        `it says ${at}, earlier than this program was installed; ${why}`,
        'Set it, or let a time service do so.',
      ),
    ];
  }
  return [fine(`it says ${at}${synchronised ? ', synchronised' : ''}; ${why}`)];
}

function judgeLoop({ judgeTickMs, loopLagMs, stalls, stalledMs }: DoctorFacts['loop']): Said[] {
  const every = `it judges every ${span(judgeTickMs)}`;
  const last = stalls.at(-1);
  if (last === undefined) return [fine(`${every} and never stood still`)];
  const longest = Math.max(...stalls.map(({ lengthMs }) => lengthMs));
  const text =
    `${every}, and stood still for ${span(stalledMs)} in all, the last time ${span(last.ageMs)} ` +
    `ago for ${span(last.lengthMs)}, for ${span(longest)} at the longest`;
  if (last.ageMs > LATELY_MS) return [fine(text)];
  const remedy = `Find what keeps the processor from it for longer than ${span(loopLagMs)}: nobody is judged meanwhile.`;
  return [unwise(text, remedy)];
}

function judgeSleep({ hibernates }: Outside): Said[] {
  if (hibernates === undefined) return [];
  return [unwise('this machine can hibernate, and guards nobody meanwhile', HIBERNATION_REMEDY)];
}
