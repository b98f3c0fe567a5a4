/**
 * The shim of a host that fences itself, on a machine whose watchdog and restart are stand-ins.
 *
 * It is the shim that ships, from its command line on: `run --config FILE --socket FILE [--nowayout]`. Only what
 * would restart the machine that runs the test is replaced. Each deed goes to `SOCKET.deeds` with its
 * time by the monotonic clock, which all processes share; a restart ends this process without a word,
 * as the machine would. What only a kernel shows, a watchdog that acts when nobody feeds it, is read
 * off the deeds: it was opened, it was not stopped, and the meals ended.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Machine, thisMachine } from '../../../../host-shim/drivers/machine.ts';
import { serve } from '../../../../host-shim/serve.ts';
import { monotonicMs } from '../../../../protocol/link/timers.ts';
import { ok } from '../../../../protocol/result.ts';

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    socket: { type: 'string' },
    nowayout: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const { config = '', socket = '' } = values;

function note(what: string): void {
  appendFileSync(`${socket}.deeds`, `${monotonicMs()} ${what}\n`);
}

const standIn: Machine = {
  ...thisMachine,
  canHibernate: () => false,
  openWatchdog: ({ timeoutMs }) => {
    note('opened');
    return ok({
      identity: 'stand-in',
      timeoutMs,
      outlivesUs: true,
      nowayout: values.nowayout,
      feed: () => ok(note('fed')),
      stop: () => ok(note('stopped')),
    });
  },
  restart: () => {
    note('restart');
    process.kill(process.pid, 'SIGKILL');
    return ok(undefined);
  },
};

void serve({ config, socket }, standIn);
