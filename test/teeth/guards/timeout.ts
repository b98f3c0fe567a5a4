/** The proof by timeout, and the farewell of the agent. */
import type { Guard } from '../guard.ts';

const CORE = 'firmware-agent/core';
const TIME = 'By timeout: (S + 2 T_hw)(1 + 2 rho) + 2K after receipt of the last accepted word';
const PLEDGE =
  'By timeout: only by the pledge of that life: hardware, nowayout, no contact but the board';
const KEYS = 'By timeout: its keys are destroyed when the wait begins';

export const TIMEOUT: readonly Guard[] = [
  {
    name: 'closing a watchdog feeds it once more',
    rule: TIME,
    file: `${CORE}/limits.ts`,
    find: 'return (timeoutMs + 2 * watchdogMs) * (1 + 2 * CLOCK_RATE_ERROR);',
    put: 'return (timeoutMs + watchdogMs) * (1 + 2 * CLOCK_RATE_ERROR);',
  },
  {
    name: 'two clocks may run apart',
    rule: TIME,
    file: `${CORE}/limits.ts`,
    find: 'return (timeoutMs + 2 * watchdogMs) * (1 + 2 * CLOCK_RATE_ERROR);',
    put: 'return timeoutMs + 2 * watchdogMs;',
  },
  {
    name: 'a stale word prolongs the wait, too',
    rule: TIME,
    file: `${CORE}/pledge.ts`,
    find: "if (kind === 'left' || (kind !== 'pledge' && !mayPledge)) return;",
    put: "if (kind === 'left' || (kind !== 'pledge' && !mayPledge) || (!fresh && lease)) return;",
  },
  {
    name: 'the own sleep of the board shortens no wait',
    rule: TIME,
    file: `${CORE}/by-timeout.ts`,
    find: 'const nowAwake = scene.now - scene.stalledMs;',
    put: 'const nowAwake = scene.now;',
  },
  {
    name: 'a knock within 2K of the end is waited for',
    rule: 'By timeout: a sign of that life from after the wait contradicts',
    file: `${CORE}/by-timeout.ts`,
    find: 'const untilAwake = nowAwake + 2 * scene.settings.timing.keepaliveMs;',
    put: 'const untilAwake = nowAwake;',
  },
  {
    name: 'who speaks after its time is alive',
    rule: 'By timeout: a sign of that life from after the wait contradicts',
    file: `${CORE}/by-timeout.ts`,
    find: "return isItself && darkTick !== undefined && event.tick >= darkTick ? 'alive' : stay;",
    put: 'return stay;',
  },
  {
    name: 'a knock while the lease may stand is no contradiction',
    rule: 'By timeout: a sign of that life from after the wait contradicts',
    file: `${CORE}/by-timeout.ts`,
    find: "return isItself && darkTick !== undefined && event.tick >= darkTick ? 'alive' : stay;",
    put: "return isItself ? 'alive' : stay;",
  },
  {
    name: 'another life that speaks is no contradiction',
    rule: 'By timeout: another life proves nothing of this one',
    file: `${CORE}/by-timeout.ts`,
    find: "return isItself && darkTick !== undefined && event.tick >= darkTick ? 'alive' : stay;",
    put: "return darkTick !== undefined && event.tick >= darkTick ? 'alive' : stay;",
  },
  {
    name: 'a life that speaks by then goes on',
    rule: 'By timeout: another life proves nothing of this one',
    file: `${CORE}/carry-out.ts`,
    find: 'const living = isTimeout ? fence.incarnation : incarnationOf(host);',
    put: 'const living = incarnationOf(host);',
  },
  {
    name: 'an order for another life does not join the wait',
    rule: 'By timeout: another life proves nothing of this one',
    file: `${CORE}/order-rights.ts`,
    find: "return isIts && op === 'fence' ? undefined : { outcome: 'busy', detail: 'by-timeout' };",
    put: 'return undefined;',
  },
  {
    name: 'an order for whatever has power may have meant the life that speaks now',
    rule: 'By timeout: another life proves nothing of this one',
    file: `${CORE}/expel.ts`,
    find: 'return heardAt < stored.at - host.freshnessMs;',
    put: 'return false;',
  },
  {
    name: 'without a pledge there is no proof by timeout',
    rule: PLEDGE,
    file: `${CORE}/pledge.ts`,
    find: 'if (pledges.length === 0 || !pledges.every((one) => one !== undefined)) return undefined;',
    put: 'if (pledges.length === 0 || !pledges.some((one) => one !== undefined)) return undefined;',
  },
  {
    name: 'a pledge is of one life',
    rule: PLEDGE,
    file: `${CORE}/pledge.ts`,
    find: 'lease?.incarnation === incarnation ? lease.sessions : [];',
    put: 'lease?.sessions ?? [];',
    redundant:
      'expiryOf asks for the life of the last word, and the sessions of the life before are replaced ' +
      'channel by channel; one that is left over only forbids, or lengthens',
  },
  {
    name: 'the lease is that of the life which is fenced',
    rule: PLEDGE,
    file: `${CORE}/by-timeout.ts`,
    find: "if (pledge === undefined || lease?.incarnation !== incarnation) return { why: 'not-pledged' };",
    put: "if (pledge === undefined || lease === undefined) return { why: 'not-pledged' };",
  },
  {
    name: 'LEFT ends the lease',
    rule: PLEDGE,
    file: `${CORE}/pledge.ts`,
    find: "if (kind === 'left' && fresh) host.lease = undefined;",
    put: '',
  },
  {
    name: 'a softdog proves nothing',
    rule: PLEDGE,
    file: `${CORE}/by-timeout.ts`,
    find: "if ((flags & PLEDGE.hardware) === 0) return { why: 'softdog' };",
    put: '',
  },
  {
    name: 'a watchdog that can be stopped proves nothing',
    rule: PLEDGE,
    file: `${CORE}/by-timeout.ts`,
    find: "if ((flags & PLEDGE.nowayout) === 0) return { why: 'no-nowayout' };",
    put: '',
  },
  {
    name: 'a lease that others renew proves nothing',
    rule: PLEDGE,
    file: `${CORE}/by-timeout.ts`,
    find: "if ((flags & PLEDGE.boardAlone) === 0) return { why: 'not-alone' };",
    put: '',
  },
  {
    name: 'another agent may answer it',
    rule: PLEDGE,
    file: `${CORE}/by-timeout.ts`,
    find: "if (host.twoAgents) return { why: 'two-agents' };",
    put: '',
  },
  {
    name: 'the keys go when the wait begins',
    rule: KEYS,
    file: `${CORE}/expel.ts`,
    find: "{ kind: 'retire', host: host.settings.host, incarnation },",
    put: '',
  },
  {
    name: 'an attempt by timeout is spent like a cut',
    rule: KEYS,
    file: `${CORE}/expel.ts`,
    find: 'if (orders.length === 0) host.spent = incarnation;',
    put: '',
    redundant:
      'a life that was expelled is refused for the rest of the life of the agent, so nobody judges it ' +
      'again; it stands there for who reads the state in between',
  },
  {
    name: 'an attempt that fails for its pledge is spent, too',
    rule: KEYS,
    file: `${CORE}/carry-out.ts`,
    find: 'if (orders.length === 0) host.spent = incarnation;',
    put: '',
  },
  {
    name: 'what nothing but time proved is not kept off',
    rule: 'By timeout: it starts anew by itself, and is never kept off',
    file: `${CORE}/order-rights.ts`,
    find: "if (switches && host.methods.length === 0) return { outcome: 'refused', detail: 'no outlets' };",
    put: '',
  },
  {
    name: 'a farewell that is older than what was heard is not taken',
    rule: 'Farewell: once, and not after a later sign of the agent or its successor',
    file: 'protocol/wire/session/echo.ts',
    find: 'const isOld = tick < life.tick || tick <= (life.awayTick ?? 0);',
    put: 'const isOld = tick <= (life.awayTick ?? 0);',
  },
  {
    name: 'a farewell is taken once',
    rule: 'Farewell: once, and not after a later sign of the agent or its successor',
    file: 'protocol/wire/session/echo.ts',
    find: 'const isOld = tick < life.tick || tick <= (life.awayTick ?? 0);',
    put: 'const isOld = tick < life.tick;',
  },
  {
    name: 'a farewell of a life that has a successor is not taken',
    rule: 'Farewell: once, and not after a later sign of the agent or its successor',
    file: 'protocol/wire/session/echo.ts',
    find: 'if (isOld || cell.lives.some((other) => (other.stoodAt ?? stoodAt) > stoodAt)) return false;',
    put: 'if (isOld) return false;',
  },
  {
    name: 'a farewell that was long on its way is not taken',
    rule: 'Farewell: once, and not after a later sign of the agent or its successor',
    file: 'protocol/wire/session/hear.ts',
    find: "if (isLate || !takeAway(session.setup.echo, own.aNonce, away.tick)) return 'replay';",
    put: "if (!takeAway(session.setup.echo, own.aNonce, away.tick)) return 'replay';",
  },
];
