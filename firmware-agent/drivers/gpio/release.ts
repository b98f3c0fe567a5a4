/**
 * What a line does when nobody holds it any more: the agent was killed, or ends, or is reloaded.
 *
 * The kernel leaves it to the driver of the chip, and the Raspberry Pi's own kernels differ from the
 * mainline by a parameter. So this is a table of what was seen and read, and where it is silent the
 * answer is to try it.
 */
import { readFileSync } from 'node:fs';
import { attemptSync } from '../../../protocol/attempt.ts';

export type Release = 'keeps' | 'input' | 'unknown';

const CHIPS: { label: RegExp; module?: string; does: Release }[] = [
  // Where the parameter is not known, the kernel is one that makes an input of the line.
  { label: /^pinctrl-bcm2(711|835)$/, module: 'pinctrl_bcm2835', does: 'input' },
  { label: /^pinctrl-rp1$/, module: 'pinctrl_rp1', does: 'unknown' },
  { label: /(^|\.)pl061$/, does: 'keeps' },
  { label: /^gpio-sim/, does: 'input' },
];

/** In words, as the end of a sentence that begins with the chip. */
export const RELEASE_WORDS: Record<Release, string> = {
  keeps: 'a line that is let go keeps its level',
  input: 'a line that is let go becomes an input and follows its pull',
  unknown: 'what a line does when it is let go is unknown: try it',
};

/** `parameter` reads a parameter of a kernel module; undefined where there is none. */
export function releaseOf(
  label: string,
  parameter: (module: string, name: string) => string | undefined = ofKernel,
): Release {
  const known = CHIPS.find((chip) => chip.label.test(label));
  if (known === undefined) return 'unknown';
  const persists =
    known.module === undefined ? undefined : parameter(known.module, 'persist_gpio_outputs');
  if (persists === undefined) return known.does;
  return persists === 'Y' ? 'keeps' : 'input';
}

function ofKernel(module: string, name: string): string | undefined {
  const read = attemptSync(() =>
    readFileSync(`/sys/module/${module}/parameters/${name}`, 'utf8').trim(),
  );
  return read.ok ? read.value : undefined;
}
