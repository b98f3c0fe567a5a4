/** A rack of two hosts for the stories of watchdog timers, and who kicks them. */
import type { HostSettings } from '../../../../firmware-agent/core/settings.ts';
import { viewHost } from '../../../../firmware-agent/core/view.ts';
import type { TimerSettings } from '../../../../protocol/wire/timer.ts';
import type { TimerView } from '../../../../protocol/wire/view.ts';
import { guarded, OPERATOR, SECOND } from './settings.ts';
import { type World, world } from './world.ts';

export const TICK_MS = 50;
export const JOURNAL_MS = 20;
export const KICK: TimerSettings = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: false,
  action: 'cycle',
  preAction: 'warn',
  timeoutMs: 8_000,
  pretimeoutMs: 3_000,
};
export const BEAT: TimerSettings = { ...KICK, mode: 'beat' };

export function rack(timer?: TimerSettings, differs: Partial<HostSettings> = {}): World {
  const times = { initdeadMs: 30_000 };
  const more = { delayMs: { serial: 20, mqtt: 50 }, times, ...differs };
  const alpha = guarded(1, 'alpha', { ...more, ...(timer === undefined ? {} : { timer }) });
  const beta = guarded(2, 'beta', more);
  const w = world({ hosts: [alpha, beta], board: { orderers: [OPERATOR] } });
  w.run(10 * SECOND);
  return w;
}

/** Kicks every `periodMs` until `endMs` from now. */
export function kickUntil(w: World, endMs: number, periodMs: number = 2 * SECOND): void {
  for (const end = w.now + endMs; w.now < end; ) {
    w.kick('alpha');
    w.run(Math.min(periodMs, end - w.now));
  }
}

export const timerOf = (w: World): TimerView | null => {
  const { board } = w.state.process ?? {};
  const host = board?.hosts.get(1);
  if (board === undefined || host === undefined) throw new Error('no board');
  return viewHost(board, host, w.now).timer;
};
export const stateOf = (w: World): string | undefined => timerOf(w)?.state;
