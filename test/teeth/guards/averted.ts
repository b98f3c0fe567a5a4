/** What is judged anew right before a cut (S5). */
import type { Guard } from '../guard.ts';

const CORE = 'firmware-agent/core';

export const AVERTED: readonly Guard[] = [
  {
    name: 'a fresh beat averts',
    rule: 'S5: a fresh beat before the first relay moves ends an autonomous fence',
    file: `${CORE}/fence.ts`,
    find: "if (event.kind === 'sign' && event.fresh && isAvertible(fence)) {",
    put: "if (event.kind === 'sign' && event.fresh && !isAvertible(fence)) {",
  },
  {
    name: 'a stale sign averts nothing',
    rule: 'S5: a fresh beat before the first relay moves ends an autonomous fence',
    file: `${CORE}/fence.ts`,
    find: "event.kind === 'sign' && event.fresh && isAvertible",
    put: "event.kind === 'sign' && isAvertible",
  },
  {
    name: 'orders are not averted',
    rule: 'S5: orders are not averted',
    file: `${CORE}/fence.ts`,
    find: 'return fence.orders.length === 0 && !isStanding(fence);',
    put: 'return !isStanding(fence);',
  },
  {
    name: 'the cut is judged anew',
    rule: 'S5: the cut comes from a later step that re-evaluates S3 to S5',
    file: `${CORE}/fence.ts`,
    find: `  if (!scene.mayCut.yes) {
    const { why`,
    put: `  if (!scene.mayCut.yes && 'no' in scene) {
    const { why`,
  },
  {
    name: 'the cut waits for the journal',
    rule: 'S5: a verdict emits only `journal`; the cut comes on journal-done or after J',
    file: `${CORE}/fence.ts`,
    find: 'const late = judged && scene.now - step.since >= JOURNAL_WAIT_MS;',
    put: 'const late = judged;',
  },
  {
    name: 'a disk that does not answer keeps nobody alive',
    rule: 'S5: a verdict emits only `journal`; the cut comes on journal-done or after J',
    file: `${CORE}/fence.ts`,
    find: "if (event.kind !== 'journalled' && !late && !expired) return stay(fence);",
    put: "if (event.kind !== 'journalled' && !expired) return stay(fence);",
  },
  {
    name: 'the cut waits until the input is drained',
    rule: 'S5: which drains input first',
    file: `${CORE}/fence.ts`,
    find: "const judged = event.kind === 'tick' && event.drained;",
    put: "const judged = event.kind === 'tick';",
  },
  {
    name: 'no cut by verdict in maintenance',
    rule: 'S5: the cut comes from a later step that re-evaluates S3 to S5',
    file: `${CORE}/carry-out.ts`,
    find: `if (host.maintenance !== undefined) return refused('it is in maintenance');
  if (host.life.at`,
    put: 'if (host.life.at',
  },
  {
    name: 'no cut by verdict of who has left meanwhile',
    rule: 'S5: the cut comes from a later step that re-evaluates S3 to S5',
    file: `${CORE}/carry-out.ts`,
    find: "if (host.life.at !== 'present') return refused(`it is ${host.life.at} now`);",
    put: "if (host.life.at === 'absent') return refused('');",
    redundant:
      'A host leaves by a fresh word only, and that averts the fence in the step before its life is changed ' +
      '(`hearMember`: `runFence` comes before `live`). The line is for a change of life that is no word.',
  },
  {
    name: 'no cut by verdict of another life',
    rule: 'S5: the cut comes from a later step that re-evaluates S3 to S5',
    file: `${CORE}/carry-out.ts`,
    find: "if (host.life.incarnation !== fence.incarnation) return refused('it lives anew');",
    put: '',
    redundant:
      'A life begins with a fresh beat, which averts the fence of the one before it first; see above.',
  },
  {
    name: 'no cut by verdict of who is not silent any more',
    rule: 'S5: the cut comes from a later step that re-evaluates S3 to S5',
    file: `${CORE}/carry-out.ts`,
    find: "if (finding.at !== 'silent') return refused(`it is ${finding.at} now`);",
    put: "if (finding.at !== 'silent') return { yes: true };",
  },
  {
    name: 'no cut by verdict past a bar that came up meanwhile',
    rule: 'S5: the cut comes from a later step that re-evaluates S3 to S5',
    file: `${CORE}/carry-out.ts`,
    find: 'return stands ? { yes: true } : refused(finding.bar);',
    put: "return stands || 'yes' ? { yes: true } : refused(finding.bar);",
  },
  {
    name: 'a fence called off costs no budget',
    rule: 'S5: an averted fence does not count',
    file: `${CORE}/carry-out.ts`,
    find: 'board.verdictsAt = board.verdictsAt.filter((at) => at !== fence.startedAt);',
    put: '',
  },
  {
    name: 'a fence called off costs its host no budget',
    rule: 'S5: an averted fence does not count',
    file: `${CORE}/carry-out.ts`,
    find: 'host.verdictsAt = host.verdictsAt.filter((at) => at !== fence.startedAt);',
    put: '',
  },
  {
    name: 'a beat after a failed method ends an autonomous fence',
    rule: 'S5: after a method that failed, a beat that contradicts ends the autonomous fence',
    file: `${CORE}/fence.ts`,
    find: "const aliveAfterAll = reason === 'alive' && step.method > 0 && fence.orders.length === 0;",
    put: 'const aliveAfterAll = false;',
  },
  {
    name: 'whoever is heard again is cut by no further method',
    rule: 'S5: after a method that failed, a beat that contradicts ends the autonomous fence',
    file: `${CORE}/fence.ts`,
    find: '(fence.isHeard === true && isAvertible(fence))',
    put: 'false',
  },
  {
    name: 'what came late from before the cut ends no fence',
    rule: 'S5: after a method that failed, a beat that contradicts ends the autonomous fence',
    file: `${CORE}/fence.ts`,
    find: 'const next: Fence = event.fresh ? { ...fence, isHeard: true } : fence;',
    put: 'const next: Fence = { ...fence, isHeard: true };',
  },
];
