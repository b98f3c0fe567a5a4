/** What keeps a silent host from being cut: doubt, limits, noise, sickness. */
import type { Guard } from '../guard.ts';

const CORE = 'firmware-agent/core';
const SESSION = 'protocol/wire/session';

export const DOUBT: readonly Guard[] = [
  {
    name: 'doubt bars',
    rule: 'Doubt: blocks autonomous fencing for D',
    file: `${CORE}/verdict.ts`,
    find: "if (host.doubtUntilAwake !== undefined && nowAwake < host.doubtUntilAwake) return 'doubt';",
    put: '',
  },
  {
    name: 'doubt is raised',
    rule: 'Doubt: blocks autonomous fencing for D',
    file: `${CORE}/hear.ts`,
    find: 'host.doubtUntilAwake = awake(board.clock, now) + host.settings.timing.deadtimeMs;',
    put: '',
  },
  {
    name: 'a hoard that is released late raises no doubt',
    rule: 'Doubt: only a stale beat whose seq keeps pace with time',
    file: `${CORE}/hearing.ts`,
    find: 'return behindMs <= slackMs;',
    put: 'return true;',
  },
  {
    name: 'a stale beat of another session raises no doubt',
    rule: 'Doubt: only a stale beat whose seq keeps pace with time',
    file: `${CORE}/hearing.ts`,
    find: 'if (beat.session !== pace.session) return false;',
    put: '',
  },
  {
    name: 'an order by a host is a sign of life of it',
    rule: 'Doubt: an order within F from a key bound to h is a sign of life',
    file: `${CORE}/orders.ts`,
    find: 'const doubt = order.life === board.life ? signOfLife(board, order, now) : [];',
    put: 'const doubt: Effect[] = [];',
  },
  {
    name: 'an old order is no sign of life',
    rule: 'Doubt: an order within F from a key bound to h is a sign of life',
    file: `${CORE}/orders.ts`,
    find: ' || ageMs > giver.freshnessMs) return [];',
    put: ') return [];',
  },
  {
    name: 'an order for another life of the board is no sign of life',
    rule: 'Doubt: an order within F from a key bound to h is a sign of life',
    file: `${CORE}/orders.ts`,
    find: 'order.life === board.life ? signOfLife(board, order, now) : [];',
    put: 'signOfLife(board, order, now);',
  },
  {
    name: 'the budget of a host',
    rule: 'Budget: 3 autonomous fences a host and hour, 10 a board',
    file: `${CORE}/verdict.ts`,
    find: 'recent(host.verdictsAt) >= FENCES_PER_HOST_MAX ||',
    put: '',
  },
  {
    name: 'the budget of the board',
    rule: 'Budget: 3 autonomous fences a host and hour, 10 a board',
    file: `${CORE}/verdict.ts`,
    find: `||
    recent(board.verdictsAt) >= FENCES_PER_BOARD_MAX;`,
    put: ';',
  },
  {
    name: 'forged frames are alarmed about',
    rule: 'Noise: bad MACs raise `hostile`, seldom',
    file: `${CORE}/advance.ts`,
    find: 'if (!forged || now - host.hostileToldAt < UNKNOWN_ALARM_PERIOD_MS) return [];',
    put: 'return [];',
  },
  {
    name: 'forged frames are alarmed about seldom',
    rule: 'Noise: bad MACs raise `hostile`, seldom',
    file: `${CORE}/advance.ts`,
    find: 'if (!forged || now - host.hostileToldAt < UNKNOWN_ALARM_PERIOD_MS) return [];',
    put: 'if (!forged) return [];',
  },
  {
    name: 'a sick host is no life only where that is wanted, after sicktime',
    rule: 'Sick: only with `act`, after sicktime, ends no quiet, and is far proof',
    file: `${CORE}/sickness.ts`,
    find: 'return sick !== undefined && nowAwake - host.sick.sinceAwake > sick.timeMs;',
    put: 'return sick !== undefined;',
  },
  {
    name: 'one good beat ends the sickness',
    rule: 'Sick: only with `act`, after sicktime, ends no quiet, and is far proof',
    file: `${CORE}/sickness.ts`,
    find: `    host.sick = undefined;
    for (const hearing of host.hearings) hearing.sick = undefined;`,
    put: '',
  },
  {
    name: 'sick beats prove their channel',
    rule: 'Sick: only with `act`, after sicktime, ends no quiet, and is far proof',
    file: `${CORE}/hearing.ts`,
    find: '        sickMs(hearing.sick, nowAwake, proofGap),\n',
    put: '',
  },
  {
    name: 'a sick beat is no fresh sign',
    rule: 'Sick: only with `act`, after sicktime, ends no quiet, and is far proof',
    file: `${CORE}/hear.ts`,
    find: `    markSick(board, host, channel, now);
    const fence = runFence(board, host, { ...sign, fresh: false }, now);`,
    put: `    markSick(board, host, channel, now);
    const fence = runFence(board, host, sign, now);`,
  },
  {
    name: 'a sickness of which nothing is heard any more is over',
    rule: 'Sick: only with `act`, after sicktime, ends no quiet, and is far proof',
    file: `${CORE}/sickness.ts`,
    find: 'sick !== undefined && nowAwake - sick.lastAwake <= soonMs,',
    put: 'sick !== undefined,',
  },
  {
    name: 'sick proof with a gap over P is none',
    rule: 'Sick: only with `act`, after sicktime, ends no quiet, and is far proof',
    file: `${CORE}/hearing.ts`,
    find: 'if (run === undefined || nowAwake - run.lastAwake > gapMaxMs) return 0;',
    put: 'if (run === undefined) return 0;',
  },
  {
    name: 'two agents obey orders only',
    rule: 'Two agents: while the flag stands both act on orders only',
    file: `${CORE}/verdict.ts`,
    find: `  if (host.twoAgents) return 'two-agents';
  if (host.life.at`,
    put: '  if (host.life.at',
  },
  {
    name: 'two agents: the flag of the last beat counts',
    rule: 'Two agents: while the flag stands both act on orders only',
    file: `${CORE}/hear.ts`,
    find: 'host.twoAgents = (beat.flags & FLAG_TWO_AGENTS) !== 0;',
    put: '',
  },
  {
    name: 'a standing order is not obeyed by one of two agents',
    rule: 'Two agents: while the flag stands both act on orders only',
    file: `${CORE}/verdict.ts`,
    find: `  if (host.twoAgents) return 'two-agents';
  if (isUnsettled`,
    put: '  if (isUnsettled',
  },
  {
    name: 'the beacon of another agent is refused',
    rule: 'Two agents: two lives that each answered after the other stood set the flag',
    file: `${SESSION}/hear.ts`,
    find: "if (beacon.agent !== session.setup.agent) return 'other-agent';",
    put: '',
  },
  {
    name: 'a successor is no second agent',
    rule: 'Two agents: two lives that each answered after the other stood set the flag',
    file: `${SESSION}/echo.ts`,
    find: `      answeredAfter(life, other) &&
      answeredAfter(other, life),`,
    put: '      answeredAfter(life, other),',
  },
  {
    name: 'a second agent is one that answers still',
    rule: 'Two agents: two lives that each answered after the other stood set the flag',
    file: `${SESSION}/echo.ts`,
    find: '      now - other.heardSentAt <= recentMs &&\n',
    put: '',
  },
];
