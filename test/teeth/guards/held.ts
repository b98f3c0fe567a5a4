/** Silence that others share. */
import type { Guard } from '../guard.ts';

const CORE = 'firmware-agent/core';

export const HELD: readonly Guard[] = [
  {
    name: 'a silence that others share is held',
    rule: 'Held: others of the same fate fell silent, too',
    file: `${CORE}/verdict.ts`,
    find: "if (isHeld) return 'held';",
    put: '',
  },
  {
    name: 'who fell silent on a shared path is suspect',
    rule: 'Held: others of the same fate fell silent, too',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (!sharesSilence(board, host, other, now) && !judgedTogether(host, other, now)) continue;',
    put: 'if (!judgedTogether(host, other, now)) continue;',
  },
  {
    name: 'who was judged within D is suspect',
    rule: 'Held: another reached its own verdict within D',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (!sharesSilence(board, host, other, now) && !judgedTogether(host, other, now)) continue;',
    put: 'if (!sharesSilence(board, host, other, now)) continue;',
  },
  {
    name: 'who was cut while silent is suspect',
    rule: 'Held: another reached its own verdict within D',
    file: `${CORE}/shared-silence.ts`,
    find: 'now - verdictAt <= deadtimeMs || now - silentCutAt <= initdeadMs;',
    put: 'now - verdictAt <= deadtimeMs;',
  },
  {
    name: 'who is heard again after its verdict is not suspect',
    rule: 'Held: another reached its own verdict within D',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (lastAt > Math.max(verdictAt, silentCutAt)) return false;',
    put: '',
  },
  {
    name: 'a verdict on another path says nothing',
    rule: 'Held: another reached its own verdict within D',
    file: `${CORE}/shared-silence.ts`,
    find: `        mine.channel === theirs.channel &&
        fatesOf(host, mine.channel) === fatesOf(other, theirs.channel),`,
    put: '        mine.channel === theirs.channel,',
  },
  {
    name: 'the silence of who left is explained',
    rule: 'Held: not those who left, are off, in maintenance or were reset',
    file: `${CORE}/shared-silence.ts`,
    find: "if (other.life.at !== 'present' || other.fence !== undefined) return false;",
    put: 'if (other.fence !== undefined) return false;',
  },
  {
    name: 'the silence of who is off is explained',
    rule: 'Held: not those who left, are off, in maintenance or were reset',
    file: `${CORE}/shared-silence.ts`,
    find: "if (other.life.at !== 'present' || other.fence !== undefined) return false;",
    put: "if (other.life.at !== 'present') return false;",
  },
  {
    name: 'the silence of who is in maintenance is explained',
    rule: 'Held: not those who left, are off, in maintenance or were reset',
    file: `${CORE}/shared-silence.ts`,
    find: "if (other.maintenance !== undefined || other.pulse?.step.at === 'waiting') return false;",
    put: "if (other.pulse?.step.at === 'waiting') return false;",
  },
  {
    name: 'the silence of who was reset is explained',
    rule: 'Held: not those who left, are off, in maintenance or were reset',
    file: `${CORE}/shared-silence.ts`,
    find: "if (other.maintenance !== undefined || other.pulse?.step.at === 'waiting') return false;",
    put: 'if (other.maintenance !== undefined) return false;',
  },
  {
    name: 'a session that we ended makes nobody suspect',
    rule: 'Held: not those who left, are off, in maintenance or were reset',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (theirs?.fresh === undefined || !theirs.carried) return false;',
    put: 'if (theirs?.fresh === undefined) return false;',
  },
  {
    name: 'only who shares the path is suspect',
    rule: 'Held: others of the same fate fell silent, too',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (fatesOf(host, mine.channel) !== fatesOf(other, theirs.channel)) return false;',
    put: '',
  },
  {
    name: 'a declared fate is shared',
    rule: 'Held: others of the same fate fell silent, too',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (declared) {',
    put: 'if (declared && other === host) {',
  },
  {
    name: 'who was silent long before is not suspect',
    rule: 'Held: at most I before',
    file: `${CORE}/shared-silence.ts`,
    find: 'mineAt - theirsAt <= host.settings.timing.initdeadMs && isSo(mineAt, theirsAt, theirs);',
    put: 'isSo(mineAt, theirsAt, theirs);',
  },
  {
    name: 'who is just back says nothing for D',
    rule: 'Held: who shared the silence and is just back is suspect for D',
    file: `${CORE}/shared-silence.ts`,
    find: `      now - theirsAt > soonMs ||
      theirs.some(`,
    put: `      now - theirsAt > soonMs ||
      [].some(`,
  },
  {
    name: 'an outage before this silence makes nobody just back',
    rule: 'Held: who shared the silence and is just back is suspect for D',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (outage.untilAt <= mineAt || mineAt - outage.fromAt > initdeadMs) return false;',
    put: 'if (mineAt - outage.fromAt > initdeadMs) return false;',
  },
  {
    name: 'an outage of our own link makes nobody just back',
    rule: 'Held: who shared the silence and is just back is suspect for D',
    file: `${CORE}/hear.ts`,
    find: 'const fromAt = hearing.carried && missedMs > soonMs ? was?.at : undefined;',
    put: 'const fromAt = hearing.carried && resumed ? was?.at : undefined;',
  },
  {
    name: 'a verdict waits until all who share a path could be missed',
    rule: 'Held: a verdict waits for the next beat of company',
    file: `${CORE}/verdict.ts`,
    find: "if (host.held === undefined && awaitsCompany(board, host, now)) return 'company';",
    put: '',
  },
  {
    name: 'a hold ends by power that fell, or its own word',
    rule: 'Held: it ends by evidence that the silence is its own',
    file: `${CORE}/shared-silence.ts`,
    find: `  if (isItsOwn(board, host, now)) return true;
  const witnesses`,
    put: '  const witnesses',
  },
  {
    name: 'who lost its power waits for nobody',
    rule: 'Held: it ends by evidence that the silence is its own',
    file: `${CORE}/shared-silence.ts`,
    find: 'if (isItsOwn(board, host, now)) return [];',
    put: '',
  },
  {
    name: 'power that fell before this silence explains nothing',
    rule: 'Held: it ends by evidence that the silence is its own',
    file: `${CORE}/shared-silence.ts`,
    find: 'return fell.firstAt >= lastAt - powerLossMs(host.settings.timing, host.delayMs);',
    put: 'return true;',
  },
  {
    name: 'a hold ends by far proof on its own line',
    rule: 'Held: it ends by evidence that the silence is its own',
    file: `${CORE}/shared-silence.ts`,
    find: "if (witnesses.some((w) => w.channel === 'serial' && w.farMs >= w.needMs)) return true;",
    put: '',
  },
  {
    name: 'a hold ends only by others that resumed',
    rule: 'Held: it ends by the others being back for D',
    file: `${CORE}/shared-silence.ts`,
    find: 'return shared.some(isBack) && shared.every(isSteadyFor);',
    put: 'return shared.every(isSteadyFor);',
  },
  {
    name: 'the others are back on all that they share',
    rule: 'Held: it ends by the others being back for D',
    file: `${CORE}/shared-silence.ts`,
    find: 'return shared.some(isBack) && shared.every(isSteadyFor);',
    put: 'return shared.some(isBack) && shared.some(isSteadyFor);',
  },
  {
    name: 'the others are back for D',
    rule: 'Held: it ends by the others being back for D',
    file: `${CORE}/shared-silence.ts`,
    find: `      isSteady(theirs.fresh?.awake, nowAwake, other) &&
      nowAwake - (theirs.resumedAwake ?? nowAwake) >= deadtimeMs;`,
    put: '      isSteady(theirs.fresh?.awake, nowAwake, other);',
  },
  {
    name: 'who is back is heard still',
    rule: 'Held: it ends by the others being back for D',
    file: `${CORE}/shared-silence.ts`,
    find: `      isSteady(theirs.fresh?.awake, nowAwake, other) &&
      nowAwake -`,
    put: '      nowAwake -',
  },
  {
    name: 'starts of autonomous fences are a gap apart',
    rule: 'Held: starts of autonomous fences are a gap apart',
    file: `${CORE}/verdict.ts`,
    find: "if (lastElsewhere !== undefined && now - lastElsewhere < FENCE_GAP_MS) return 'gap';",
    put: '',
  },
];
