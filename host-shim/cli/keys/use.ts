/**
 * Whether a key may go: only if the agent watched for a day in which nothing came under it. Pure.
 *
 * A host that was off, or an orderer that ordered nothing, used no key at all; a day is what a
 * rotation may take, and whoever knows better says so with --yes.
 */
import type { KeyEntry } from '../../../protocol/wire/keys.ts';
import type { KeysView, KeyView } from '../../../protocol/wire/view.ts';
import { span } from '../words.ts';
import { type KeyName, nameOfKey } from './edit.ts';

const DAY_MS = 86_400_000;

export interface Release {
  free: boolean;
  why: string;
}

/** `view` is absent where no agent answers. */
export function releaseOf(view: KeysView | undefined, name: KeyName): Release {
  if (view === undefined) {
    return { free: false, why: 'no agent answers here, so nobody knows whether it is used' };
  }
  const known = inAgent(view, name);
  if (known === undefined) return { free: true, why: 'the agent does not have it' };
  const { unusedMs } = known;
  if (unusedMs !== null && unusedMs < DAY_MS) {
    return { free: false, why: `it was used ${span(unusedMs)} ago` };
  }
  if (view.watchedMs >= DAY_MS) return { free: true, why: 'nothing has used it for a day' };
  const why = `nothing has used it since the agent began, but that is only ${span(view.watchedMs)} ago`;
  return { free: false, why };
}

export function inAgent(view: KeysView, { role, owner, kid }: KeyName): KeyView | undefined {
  return view.keys.find((key) => key.role === role && key.owner === owner && key.kid === kid);
}

/** What is to be done about a file, sentence by sentence; nothing where no key is being changed. */
export function adviceFor(keys: readonly KeyEntry[], view: KeysView | undefined): string[] {
  if (view === undefined) return [];
  return keys.flatMap((key) => {
    const name = nameOfKey(key);
    if (inAgent(view, key) === undefined) {
      return [`The agent has not taken ${name}: run fencepost reload.`];
    }
    if (key.sending) return [];
    const { free, why } = releaseOf(view, key);
    return [`${name}: ${why}; ${free ? 'it may be retired' : 'do not retire it'}.`];
  });
}
