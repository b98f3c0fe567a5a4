import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import { guarded } from '../../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { answer, cut, type History, history, news, order } from './history.ts';
import { timers } from './timers.ts';

const test = suite('checker: watchdog timers');
const timer: TimerSettings = {
  ...{ use: 'sms-os', mode: 'beat', nowayout: true, action: 'cycle' },
  ...{ preAction: 'none', timeoutMs: 10_000, pretimeoutMs: 0 },
};
const words = (what: string): string => `its timer is armed: ${what}, by configuration`;
const armed = words('cycle after 10 s without a beat, nowayout');

const told = (of: TimerSettings = timer, text = armed): History => {
  const h = history(timers, [guarded(1, 'one', { timer: of }), guarded(2, 'two')]).hear(1);
  return h.tick(news(1, 'timer', 'info', text));
};

test('a timer that was wished for may be armed, and no other', () => {
  assert.equal(told().rules(), []);
  assert.equal(told({ ...timer, action: 'off' }).rules(), ['R1']);
  assert.equal(told({ ...timer, timeoutMs: 11_000 }).rules(), ['R1']);
  assert.equal(told({ ...timer, nowayout: false }).rules(), ['R1']);
});

test('what is nowayout is not changed while its life lasts', () => {
  const off = news(1, 'timer', 'info', 'its timer is off');
  const by = (h: History): string[] => h.rules();
  const disarm = order({ host: 1, op: 'timer-off' });
  assert.equal(by(told().step({ kind: 'order', order: disarm }, off)), ['S13']);
  assert.equal(by(told().step({ kind: 'order', order: disarm }, answer(disarm, 'accepted'))), [
    'S13',
  ]);
  assert.equal(by(told().step({ kind: 'order', order: disarm }, answer(disarm, 'refused'))), []);
  assert.equal(by(told().hear(1, { incarnation: 7 }).step({ kind: 'echoed' }, off)), []);
  const soft = told({ ...timer, nowayout: false }, words('cycle after 10 s without a beat'));
  assert.equal(by(soft.step({ kind: 'order', order: disarm }, off)), []);
});

test('an expiry does what the timer was set to do', () => {
  const expire = (h: History): string[] =>
    h
      .tick({ kind: 'journal', host: 1, fence: 1 }, news(1, 'timer', 'alarm'))
      .wait(4)
      .step({ kind: 'journalled', host: 1, fence: 1 }, cut(1))
      .rules();
  assert.equal(expire(told()), []);
  assert.equal(expire(history(timers)), ['R1']);
  const none = told(
    { ...timer, action: 'none' },
    words('none after 10 s without a beat, nowayout'),
  );
  assert.equal(expire(none), ['R1']);
});

test.run();
