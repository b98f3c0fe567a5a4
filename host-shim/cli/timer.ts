/**
 * The watchdog timer as text, and the orders that set, refresh and end it.
 *
 * `get` speaks the words of `ipmitool mc watchdog get`, in its order and with its numbers, so that
 * who knows those reads it at once; what IPMI has not stands at the end.
 */
import type { OrderEnd } from '../../protocol/order-step.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { Operation } from '../../protocol/wire/messages.ts';
import type { OrderArgs } from '../../protocol/wire/order-args.ts';
import {
  PRE_ACTION,
  type PreAction,
  TIMER_ACTION,
  TIMER_USE,
  type TimerAction,
  type TimerUse,
} from '../../protocol/wire/timer.ts';
import type { TimerView } from '../../protocol/wire/view.ts';
import type { Board, BoardFailure } from './board.ts';
import { hostIn } from './glance.ts';
import type { Terminal } from './terminal.ts';
import { jsonLine } from './words.ts';

/** Prints where the timer of a host stands. */
export async function showTimer(
  board: Board,
  terminal: Terminal,
  name: string,
  json: boolean,
): Promise<Result<void, BoardFailure>> {
  const view = await board.view();
  const host = view.ok ? hostIn(view.value, name) : view;
  if (!host.ok) return host;
  const { timer } = host.value;
  terminal.out(json ? jsonLine({ host: name, timer }) : timerText(timer));
  return ok(undefined);
}

export interface PlainOrder {
  op: Operation;
  host: string;
  args: OrderArgs;
  waitMs: number;
  json: boolean;
  /** What was done, in words, where it was. */
  done: string;
}

/** Gives an order that is not a fence, and prints its end. */
export async function givePlain(
  board: Board,
  terminal: Terminal,
  { op, host, args, waitMs, json, done }: PlainOrder,
): Promise<Result<OrderEnd, BoardFailure>> {
  const known = await board.glance(host);
  if (!known.ok) return known;
  const end = await board.order({ op, host, incarnation: 0, waitMs, args }, () => {});
  if (!end.ok) return end;
  const { outcome, detail } = end.value;
  const why = detail === '' ? outcome : `${outcome} (${detail})`;
  if (json) terminal.out(jsonLine({ op, host, ...end.value }));
  else if (outcome === 'done') terminal.out(`${host}: ${done}\n`);
  else terminal.out(`${host}: not done: ${why}\n`);
  return end;
}

const USES: Record<TimerUse, string> = {
  'bios-frb2': 'BIOS FRB2',
  'bios-post': 'BIOS/POST',
  'os-load': 'OS Load',
  'sms-os': 'SMS/OS',
  oem: 'OEM',
};
const ACTIONS: Record<TimerAction, string> = {
  none: 'No action',
  reset: 'Hard Reset',
  off: 'Power Down',
  cycle: 'Power Cycle',
  diag: 'Diagnostic Interrupt',
};
const INTERRUPTS: Record<PreAction, string> = {
  none: 'None',
  diag: 'NMI / Diagnostic Interrupt',
  warn: 'Messaging Interrupt',
};
const STATES: Record<TimerView['state'], string> = {
  armed: 'Started/Running',
  pretimeout: 'Started/Running, pre-timeout reached',
  expired: 'Stopped, expired',
  lost: 'Stopped, lost: the agent was restarted, and nobody has armed it since',
};

/** The text of `timer get`. */
export function timerText(timer: TimerView | null): string {
  const rows: [string, string][] =
    timer === null || timer.state === 'lost'
      ? [['Watchdog Timer Is', timer === null ? 'Stopped' : STATES.lost]]
      : [
          ['Watchdog Timer Use', numbered(USES[timer.use], TIMER_USE[timer.use])],
          ['Watchdog Timer Is', STATES[timer.state]],
          ['Watchdog Timer Action', numbered(ACTIONS[timer.action], TIMER_ACTION[timer.action])],
          [
            'Pre-timeout interrupt',
            numbered(INTERRUPTS[timer.preAction], PRE_ACTION[timer.preAction]),
          ],
          ['Pre-timeout interval', seconds(timer.pretimeoutMs)],
          ['Timer Expiration Flags', timer.state === 'expired' ? USES[timer.use] : 'None'],
          ['Initial Countdown', seconds(timer.timeoutMs)],
          ['Present Countdown', seconds(timer.remainingMs)],
          ['Refreshed by', timer.mode === 'beat' ? 'any fresh beat' : 'kicks'],
          ['Nowayout', timer.nowayout ? 'yes' : 'no'],
          ['Set by', timer.setBy],
        ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(24)}${value}\n`).join('');
}

function numbered(words: string, number: number): string {
  return `${words} (0x0${number})`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} sec`;
}
