/**
 * Whether this machine could hibernate: be cut from power, and go on living as it was.
 *
 * All that fencing promises rests on this, that a machine which lost its power lives no more. One that
 * hibernates does: its memory comes back from disk with open files, locks and the old boot id. The
 * kernel says whether it knows how (`disk` among its states), and whether it may (no mode of it is
 * chosen under `nohibernate` or lockdown); and it needs swap on a disk to write to. Containers, most
 * virtual machines and servers without swap lack one of these.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attemptSync } from '../../protocol/attempt.ts';

/** What to do about it, for people. */
export const HIBERNATION_REMEDY: string =
  'Boot with the kernel parameter "nohibernate", or take its swap away (swapoff -a, /etc/fstab).';

/** Asks the kernel; `root` is where its files are looked for. What cannot be read is not there. */
export function canHibernate(root = '/'): boolean {
  const read = (path: string): string => {
    const text = attemptSync(() => readFileSync(join(root, path), 'utf8'));
    return text.ok ? text.value.trim() : '';
  };
  const mode = read('sys/power/disk');
  if (mode === '' || mode.includes('[disabled]')) return false;
  if (!read('sys/power/state').split(/\s+/).includes('disk')) return false;
  // The first line is a heading; compressed memory keeps nothing without power.
  const swaps = read('proc/swaps').split('\n').slice(1);
  return swaps.some((line) => !/^(\/dev)?\/zram/.test(line));
}
