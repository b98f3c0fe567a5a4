/** The commands `claim`, `release` and `groups`: what a service says before it starts and after it stopped. */
import type { GroupLine, GroupSaid } from './groups.ts';
import { EXIT } from './outcome.ts';
import { askForGroups, askToClaim, askToRelease } from './shim-socket.ts';

/** Exit 0 only where the group is granted: what the service is to run behind. */
export async function claim(where: string, group: string, waitMs: number): Promise<void> {
  const asked = await askToClaim(where, group, waitMs);
  if (!asked.ok) return complain(asked);
  const { answer } = asked.value;
  if (answer === 'granted') return say(`granted: this host holds ${group}`);
  deny(answer, `not granted: ${whyNot(asked.value)}`);
}

export async function release(where: string, group: string): Promise<void> {
  const asked = await askToRelease(where, group);
  if (!asked.ok) return complain(asked);
  const { answer, why } = asked.value;
  if (answer === 'released')
    return say(`released: this host does not hold ${group}, and the board knows`);
  const later = 'released here; the board does not answer, and is told again until it does';
  deny(answer, answer === 'silent' ? later : `not released: ${why}`);
}

export async function groups(where: string, json: boolean): Promise<void> {
  const asked = await askForGroups(where);
  if (!asked.ok) return complain(asked);
  if (json) return say(JSON.stringify(asked.value));
  const lines = asked.value.map(({ group, id, state }) => `${group} (${id}): ${STATES[state]}`);
  say(lines.join('\n') || 'shim.toml has no [groups]');
}

const STATES: Record<GroupLine['state'], string> = {
  held: 'held by this host',
  free: 'not held by this host',
  unsure: 'unknown: no record was found, and the board has not said yet',
  claimed: 'asked for, not granted yet',
  releasing: 'released; the board has not answered yet',
};

function whyNot({ group, answer, holder, why }: GroupSaid): string {
  switch (answer) {
    case 'held':
      return (
        `host ${holder} holds ${group}. Release it there, or have that host fenced: ` +
        '`fencepost fence HOST`; `fencepost ls` has the names'
      );
    case 'waiting':
      return (
        `since the board started, nobody knows what host ${holder} holds. Start its shim, with ` +
        `${group} in its shim.toml, or have it fenced: \`fencepost fence HOST\``
      );
    case 'silent':
      return 'the board does not answer. Look at the log of the shim: is a session with it there?';
    default:
      return (
        why ?? 'the board refuses; its log says why: this host is leaving, or being fenced, say'
      );
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function deny(answer: GroupSaid['answer'], text: string): void {
  process.stderr.write(`fencepost-shim: ${text}\n`);
  process.exitCode = answer === 'silent' ? EXIT.unknown : EXIT.notDone;
}

function complain({ kind, detail }: { kind: string; detail: string }): void {
  process.stderr.write(`fencepost-shim: ${detail}\n`);
  process.exitCode = kind === 'silent' ? EXIT.unknown : EXIT.notDone;
}
