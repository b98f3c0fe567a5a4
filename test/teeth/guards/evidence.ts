/** What a silence is proven by: near proof, far proof, and how long they held. */
import type { Guard } from '../guard.ts';

const CORE = 'firmware-agent/core';

export const EVIDENCE: readonly Guard[] = [
  {
    name: 'near proof with a gap over P is none',
    rule: 'Proven: such proof has held without a gap over P',
    file: `${CORE}/hearing.ts`,
    find: 'chain === undefined || nowAwake - chain.lastAwake > proofGap',
    put: 'chain === undefined',
  },
  {
    name: 'near proof counts from the last beat',
    rule: 'Proven: counted from not before the last fresh beat',
    file: `${CORE}/hearing.ts`,
    find: 'nearMs: Math.min(provenMs, chainMs(chain, nowAwake, proofGap)),',
    put: 'nearMs: chainMs(chain, nowAwake, proofGap),',
  },
  {
    name: 'far proof counts from the last beat',
    rule: 'Proven: counted from not before the last fresh beat',
    file: `${CORE}/hearing.ts`,
    find: `    farMs: Math.min(
      sinceMs,
      Math.max(`,
    put: `    farMs: (
      Math.max(`,
    redundant:
      'Proof is asked for only of a channel that was quiet for as long as is needed, and quiet is the lesser ' +
      'of this time and the time listened to. So the lesser of the two reaches it exactly when the proof does.',
  },
  {
    name: 'our own echo proves nothing where the broker is ours',
    rule: 'Near proof: not our own echo where the broker runs on the board',
    file: `${CORE}/advance.ts`,
    find: 'if (!board.settings.brokerOnBoard) {',
    put: 'if (board) {',
  },
  {
    name: 'ports without a named adapter prove nothing for each other',
    rule: 'Near proof: a beat of another host through the same adapter',
    file: `${CORE}/board.ts`,
    find: 'return adapter === undefined ? undefined : `serial:${adapter}`;',
    put: 'return `serial:${adapter}`;',
  },
  {
    name: 'a modem line was seen asserted and dropped',
    rule: 'Far proof: a modem line seen in both states, asserted throughout',
    file: `${CORE}/hearing.ts`,
    find: ' || !line.seenDropped) return 0;',
    put: ') return 0;',
  },
  {
    name: 'a modem line that is not read asserts nothing',
    rule: 'Far proof: a modem line seen in both states, asserted throughout',
    file: `${CORE}/hearing.ts`,
    find: 'nowAwake - line.readAwake > ageMaxMs ? 0 : nowAwake - line.assertedSinceAwake;',
    put: 'nowAwake - line.assertedSinceAwake;',
  },
  {
    name: 'where nobody looked, nobody saw it asserted',
    rule: 'Far proof: a modem line seen in both states, asserted throughout',
    file: `${CORE}/hearing.ts`,
    find: 'line !== undefined && nowAwake - line.readAwake <= gapMaxMs;',
    put: 'line !== undefined;',
  },
  {
    name: 'a drop of the modem line ends its proof',
    rule: 'Far proof: a modem line seen in both states, asserted throughout',
    file: `${CORE}/hearing.ts`,
    find: 'assertedSinceAwake: isAsserted ? since : undefined,',
    put: 'assertedSinceAwake: since,',
  },
  {
    name: 'the senses that fell cover every outlet',
    rule: 'Far proof: all senses, covering every outlet, fell within 2K + d of the last beat',
    file: `${CORE}/power.ts`,
    find: 'if (settings.senses.length === 0 || !coversAll(settings.senses, everyOutlet)) return undefined;',
    put: '',
  },
  {
    name: 'a sense that reads off on a broken wire is no witness',
    rule: 'Far proof: all senses, covering every outlet, fell within 2K + d of the last beat',
    file: `${CORE}/power.ts`,
    find: 'if (!settings.senses.every((sense) => sense.showsBreak)) return undefined;',
    put: '',
  },
  {
    name: 'a sense that is not read shows no fall',
    rule: 'Far proof: all senses, covering every outlet, fell within 2K + d of the last beat',
    file: `${CORE}/power.ts`,
    find: 'return sense.suspect || !isRead ? undefined : sense.fellAt;',
    put: 'return sense.suspect ? undefined : sense.fellAt;',
  },
  {
    name: 'a suspect sense shows no fall',
    rule: 'Far proof: all senses, covering every outlet, fell within 2K + d of the last beat',
    file: `${CORE}/power.ts`,
    find: 'return sense.suspect || !isRead ? undefined : sense.fellAt;',
    put: 'return !isRead ? undefined : sense.fellAt;',
  },
  {
    name: 'every sense fell',
    rule: 'Far proof: all senses, covering every outlet, fell within 2K + d of the last beat',
    file: `${CORE}/power.ts`,
    find: 'if (!falls.every((at) => at !== undefined)) return undefined;',
    put: 'if (!falls.some((at) => at !== undefined)) return undefined;',
  },
  {
    name: 'a sense that reads on again has not fallen',
    rule: 'Far proof: all senses, covering every outlet, fell within 2K + d of the last beat',
    file: `${CORE}/power.ts`,
    find: "if (value !== 'off') return is;",
    put: '',
  },
  {
    name: 'the senses fell with the last beat',
    rule: 'Far proof: all senses, covering every outlet, fell within 2K + d of the last beat',
    file: `${CORE}/evidence.ts`,
    find: 'return together ? { sinceAwake: fell.lastAt - board.clock.stalledMs } : undefined;',
    put: 'return { sinceAwake: fell.lastAt - board.clock.stalledMs };',
  },
];
