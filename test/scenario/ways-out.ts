/**
 * A dead host is not fenced while the board cannot know it, was told not to, or has done what it may
 * (firmware-agent/README.md). Each of those reasons is a row here, on racks of its own: the host is
 * really dead, no relay moves for it, an alarm stands that names the ways out, and each of them works.
 *
 * That a spent budget is whole again after an hour is shown by test/firmware-agent/core/ways-out.test.ts.
 */
import type { Scenario } from './lib/scenario.ts';
import { integrity, twoAgents, twoLives } from './ways-out/frozen.ts';
import { playRows } from './ways-out/lib.ts';
import { budget, spent, unprovable } from './ways-out/limits.ts';
import {
  absent,
  halfDuplex,
  held,
  unprovenAlone,
  unprovenPath,
  withheldAct,
  withheldProve,
} from './ways-out/silence.ts';
import { disabled, leavingStuck, maintenance, sickBoard } from './ways-out/standstill.ts';

/** Racks at a time; the longest rows come first. */
const AT_A_TIME = 3;

export const waysOut: Scenario = {
  name: 'ways-out-of-doubt',
  aboutS: 130,
  alone: true,
  run: (stage) => {
    const rows = [twoAgents, halfDuplex, withheldAct, unprovenPath, unprovenAlone, withheldProve];
    return playRows(stage, [...rows, absent, held, twoLives, integrity], AT_A_TIME);
  },
};

export const waysOutOfLimits: Scenario = {
  name: 'ways-out-of-limits',
  aboutS: 125,
  alone: true,
  run: (stage) => {
    const rows = [budget, spent, sickBoard, maintenance, unprovable, disabled, leavingStuck];
    return playRows(stage, rows, AT_A_TIME);
  },
};
