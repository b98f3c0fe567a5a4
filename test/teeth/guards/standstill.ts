/** When the board is told not to fence: disable and maintenance. */
import type { Guard } from '../guard.ts';

const CORE = 'firmware-agent/core';

export const STANDSTILL: readonly Guard[] = [
  {
    name: 'the emergency disable is checked when the cut is emitted',
    rule: 'Disable: cancels fences before their cut, lets later ones finish; orders get `disabled`',
    file: `${CORE}/carry-out.ts`,
    find: "if (board.disabled !== undefined) return { yes: false, why: 'disabled', outcome: 'refused' };",
    put: '',
  },
  {
    name: 'while the board is disabled orders that cut are refused',
    rule: 'Disable: cancels fences before their cut, lets later ones finish; orders get `disabled`',
    file: `${CORE}/order-rights.ts`,
    find: '(cuts(order) || isPulseOperation(order.op)) && board.disabled !== undefined',
    put: 'isPulseOperation(order.op) && board.disabled !== undefined',
  },
  {
    name: 'while the board is disabled orders for pulses are refused',
    rule: 'Disable: cancels fences before their cut, lets later ones finish; orders get `disabled`',
    file: `${CORE}/order-rights.ts`,
    find: '(cuts(order) || isPulseOperation(order.op)) && board.disabled !== undefined',
    put: 'cuts(order) && board.disabled !== undefined',
  },
  {
    name: 'while the board is disabled nobody is fenced by verdict',
    rule: 'Disable: cancels fences before their cut, lets later ones finish; orders get `disabled`',
    file: `${CORE}/verdict.ts`,
    find: `  const nowAwake = awake(board.clock, now);
  if (board.disabled !== undefined) return 'disabled';`,
    put: '  const nowAwake = awake(board.clock, now);',
  },
  {
    name: 'while the board is disabled no standing order is obeyed',
    rule: 'Disable: cancels fences before their cut, lets later ones finish; orders get `disabled`',
    file: `${CORE}/verdict.ts`,
    find: `  if (board.disabled !== undefined) return 'disabled';
  if (host.twoAgents) return 'two-agents';
  if (isUnsettled`,
    put: `  if (host.twoAgents) return 'two-agents';
  if (isUnsettled`,
  },
  {
    name: 'while the board is disabled no pulse is given',
    rule: 'Disable: cancels fences before their cut, lets later ones finish; orders get `disabled`',
    file: `${CORE}/pulse-run.ts`,
    find: 'if (board.disabled !== undefined) return false;',
    put: '',
  },
  {
    name: 'the emergency disable is stored',
    rule: 'Disable: is stored, or says that it holds until restart only',
    file: `${CORE}/durable.ts`,
    find: '...(board.disabled === undefined ? {} : { disabled: board.disabled }),',
    put: '',
  },
  {
    name: 'a disable that the disk did not take says so',
    rule: 'Disable: is stored, or says that it holds until restart only',
    file: `${CORE}/standstill.ts`,
    find: "ok ? (['done', ''] as const) : (['failed', 'until restart'] as const);",
    put: "['done', ''] as const;",
  },
  {
    name: 'a disable that the disk does not answer says so',
    rule: 'Disable: is stored, or says that it holds until restart only',
    file: `${CORE}/standstill.ts`,
    find: 'now - since >= JOURNAL_WAIT_MS);',
    put: 'since > now);',
  },
  {
    name: 'after a disable every host has to be heard anew',
    rule: 'Maintenance: ends by itself; it and `enable` make the host un-carried',
    file: `${CORE}/standstill.ts`,
    find: 'if (board.disabled !== undefined) for (const one of board.hosts.values()) uncarry(one);',
    put: '',
  },
  {
    name: 'after its maintenance a host has to be heard anew',
    rule: 'Maintenance: ends by itself; it and `enable` make the host un-carried',
    file: `${CORE}/standstill.ts`,
    find: '  host.maintenance = undefined;\n  uncarry(host);',
    put: '  host.maintenance = undefined;',
  },
  {
    name: 'a maintenance ends by itself',
    rule: 'Maintenance: ends by itself; it and `enable` make the host un-carried',
    file: `${CORE}/standstill.ts`,
    find: 'if (host.maintenance === undefined || now < host.maintenance.untilAt) return [];',
    put: 'return [];',
  },
  {
    name: 'a maintenance has a longest time',
    rule: 'Maintenance: ends by itself; it and `enable` make the host un-carried',
    file: `${CORE}/standstill.ts`,
    find: 'const forMs = Math.min(askedMs, MAINTENANCE_MAX_MS);',
    put: 'const forMs = askedMs;',
  },
  {
    name: 'a host in maintenance is not judged',
    rule: 'Maintenance: its silence is not judged',
    file: `${CORE}/judging.ts`,
    find: 'if (host.maintenance !== undefined) return effects;',
    put: '',
  },
  {
    name: 'in maintenance nobody runs out of time',
    rule: 'Maintenance: its silence is not judged',
    file: `${CORE}/timer-run.ts`,
    find: 'if (host.maintenance !== undefined || board.disabled !== undefined) {',
    put: 'if (board.disabled !== undefined) {',
  },
  {
    name: 'while the board is disabled nobody runs out of time',
    rule: 'Disable: cancels fences before their cut, lets later ones finish; orders get `disabled`',
    file: `${CORE}/timer-run.ts`,
    find: 'if (host.maintenance !== undefined || board.disabled !== undefined) {',
    put: 'if (host.maintenance !== undefined) {',
  },
];
