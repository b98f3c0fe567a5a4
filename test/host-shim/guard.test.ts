/**
 * The guard of a host over itself, on a machine that is made up: what is opened, fed, stopped and
 * restarted, in which order, and what is left behind for the shim that follows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LeaseFile, leaseFile } from '../../host-shim/drivers/lease-record.ts';
import { type HostGuard, hostGuard } from '../../host-shim/guard.ts';
import type { Watchdog } from '../../protocol/native/watchdog.ts';
import { failure, ok } from '../../protocol/result.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('guard of the host over itself');
const folder = mkdtempSync(join(tmpdir(), 'fencepost-guard-'));
const S = 30_000;
const WATCHDOG = { device: '/dev/watchdog0', timeoutMs: 10_000 };
const LIFE = 77;

interface World {
  /** Each deed with its time. */
  deeds: string[];
  said: string[];
  /** Lets time pass, looking as often as the shim does. */
  run(ms: number): void;
  sleep(ms: number): void;
  /** Another shim of this boot, its self-fence as configured by then. */
  start(selfFenceMs?: number | 'none'): HostGuard;
  guard: HostGuard;
  record: LeaseFile;
}

interface Terms {
  selfFenceMs?: number | 'none';
  byTimeout?: boolean;
  identity?: string;
  dog?: 'absent' | 'nowayout';
  sysrq?: 'refused';
}

let files = 0;
const started: HostGuard[] = [];

/** A machine whose programs, devices and clocks are ours; a guard is started on it. */
function world({ selfFenceMs = S, byTimeout, identity, dog, sysrq }: Terms = {}): World {
  const deeds: string[] = [];
  const said: string[] = [];
  let now = 0;
  let sleptMs = 0;
  const deed = (what: string): void => void deeds.push(`${now} ${what}`);
  const device: Watchdog = {
    identity: identity ?? 'test',
    timeoutMs: 10_000,
    outlivesUs: true,
    nowayout: dog === 'nowayout',
    feed: () => {
      deed('fed');
      return ok(undefined);
    },
    stop: () => {
      if (dog === 'nowayout') return failure('nowayout', 'nothing stops it');
      deed('stopped');
      return ok(undefined);
    },
  };
  files += 1;
  const record = leaseFile(join(folder, `${files}.lease`), LIFE);
  const start = (timeoutMs: number | 'none' = selfFenceMs): HostGuard => {
    const guard = hostGuard({
      selfFenceMs: timeoutMs === 'none' ? undefined : timeoutMs,
      byTimeout: byTimeout === true && timeoutMs !== 'none',
      watchdog: WATCHDOG,
      machine: {
        openWatchdog: () => {
          if (dog === 'absent') return failure('enoent', 'there is no such device');
          deed('opened');
          return ok(device);
        },
        restart: () => {
          deed('restart');
          return sysrq === 'refused' ? failure('erofs', 'read-only') : ok(undefined);
        },
        moment: () => ({ now, slept: { leastMs: sleptMs, mostMs: sleptMs } }),
        canHibernate: () => false,
      },
      record,
      say: (_level, sentence) => void said.push(sentence),
      blame: (problem) => void said.push(problem),
    });
    started.push(guard);
    return guard;
  };
  const here: World = {
    deeds,
    said,
    record,
    start,
    guard: start(),
    run: (ms) => {
      for (const endMs = now + ms; now < endMs; ) {
        now += 500;
        here.guard.look();
      }
    },
    sleep: (ms) => {
      sleptMs += ms;
    },
  };
  return here;
}

/** When something was done, without the meals. */
function doings({ deeds }: World): string[] {
  return deeds.filter((deed) => !deed.endsWith('fed'));
}

test('before the first contact nothing is opened, and a broker is no contact to begin with', () => {
  const here = world();
  here.run(2 * S);
  here.guard.contact('broker', 2 * S);
  here.run(2 * S);
  assert.equal([here.deeds, here.guard.isArmed()], [[], false]);
  here.guard.end(false);
});

test('contact arms, the watchdog is fed while it lasts, and its end restarts the machine', () => {
  const here = world();
  for (let i = 0; i < 60; i += 1) {
    here.guard.contact(i % 3 === 0 ? 'broker' : 'board', i * 1_000);
    here.run(1_000);
  }
  // Broker and board both count; the last was asked for at 59 s.
  here.run(28_500);
  assert.equal(doings(here), ['1000 opened']);
  assert.is(here.deeds.at(-1), '88000 fed');
  here.run(500);
  assert.equal(doings(here), ['1000 opened', '89000 restart']);
  here.run(5_000);
  assert.is(here.deeds.filter((deed) => deed.endsWith('fed')).at(-1), '88000 fed', 'it starves');
  assert.match(here.said.join('\n'), /armed.*no contact; .* 15 s.*no contact for 30 s: .*now/s);
});

test('where the kernel refuses it is asked again, told once, and the watchdog starves', () => {
  const here = world({ sysrq: 'refused' });
  here.guard.contact('board', 0);
  here.run(S + 2_000);
  assert.equal(
    doings(here).slice(1),
    [30_000, 30_500, 31_000, 31_500, 32_000].map((ms) => `${ms} restart`),
  );
  assert.is(here.said.filter((words) => words.includes('the kernel refuses')).length, 1);
});

test('a host that the board let go is not restarted: watchdog stopped, record gone', () => {
  const here = world();
  here.guard.contact('board', 0);
  here.run(2_000);
  assert.ok(here.guard.isArmed() && here.record.read() !== undefined);
  here.guard.end(true);
  assert.is(here.record.read(), undefined);
  here.run(3 * S);
  assert.equal(doings(here), ['0 opened', '2000 stopped']);
});

test('a shim that ends unheard stops nothing, and the next goes on with its deadline', () => {
  const here = world();
  here.guard.contact('board', 0);
  here.run(4_000);
  here.guard.end(false);
  assert.equal(doings(here), ['0 opened']);
  assert.match(
    here.said.at(-1) ?? '',
    /did not let this host go.* 10 s .*printf V > \/dev\/watchdog0/,
  );
  here.guard = here.start();
  here.run(S);
  assert.equal(doings(here).slice(0, 3), ['0 opened', '4000 opened', '30000 restart']);
});

test('a shim that comes after the deadline opens nothing and says so, until there is contact', () => {
  const here = world();
  here.guard.contact('board', 0);
  here.guard.end(false);
  here.guard = { ...here.guard, look: () => undefined };
  here.run(S);
  here.guard = here.start();
  here.run(S);
  assert.match(here.said.at(-1) ?? '', /ran out while no shim ran/);
  assert.equal(doings(here), ['0 opened']);
  here.guard.contact('board', 2 * S);
  here.guard.end(true);
  assert.equal(doings(here), ['0 opened', `${2 * S} opened`, `${2 * S} stopped`]);
});

test('a machine that slept restarts when it wakes, before anything else is done', () => {
  const here = world();
  here.guard.contact('board', 0);
  here.sleep(5_001);
  here.guard.look();
  assert.equal(doings(here), ['0 opened', '0 restart']);
});

test('a watchdog that is missing costs the self-fence nothing but its second means', () => {
  const here = world({ dog: 'absent' });
  here.guard.contact('board', 0);
  here.run(S);
  assert.equal(here.deeds, ['30000 restart']);
  assert.is(here.said.filter((words) => words === 'there is no such device').length, 1);
});

test('without a self-fence the watchdog is fed from the start, and stopped at every orderly end', () => {
  for (const told of [true, false]) {
    const here = world({ selfFenceMs: 'none' });
    here.guard.end(told);
    assert.equal(here.deeds, ['0 opened', '0 stopped']);
    assert.is(here.record.read(), undefined);
  }
});

test('a watchdog with nowayout that cannot be stopped says what follows', () => {
  const here = world({ dog: 'nowayout' });
  here.guard.contact('board', 0);
  here.guard.end(true);
  assert.match(here.said.at(-1) ?? '', /not stopped .*this machine will restart/);
});

test('what is pledged is what the lease and the device say, once both stand', () => {
  const plain = world();
  assert.equal(plain.guard.words(), { suspended: false });
  plain.guard.contact('board', 0);
  const times = { timeoutMs: S, watchdogMs: 10_000 };
  assert.equal(plain.guard.words(), { suspended: false, pledge: { ...times, flags: 1 } });
  const flagsOf = (terms: Terms): number | undefined => {
    const here = world(terms);
    here.guard.contact('board', 0);
    return here.guard.words().pledge?.flags;
  };
  assert.is(flagsOf({ identity: 'Software Watchdog' }), 0);
  assert.is(flagsOf({ dog: 'nowayout', byTimeout: true }), 7);
  assert.is(flagsOf({ dog: 'absent' }), undefined, 'nothing would end it');
});

test('a farewell is on record at once: a shim that follows neither restarts nor waits longer', () => {
  const here = world();
  here.guard.contact('board', 0);
  here.run(500);
  here.guard.away(120);
  assert.ok(here.guard.words().suspended);
  here.run(60_000);
  here.guard.end(false);
  here.guard = here.start();
  assert.ok(here.guard.words().suspended);
  here.run(59_500);
  assert.not(doings(here).some((deed) => deed.endsWith('restart')));
  here.run(1_000);
  assert.match(doings(here).at(-1) ?? '', /^12\d{4} restart/);
});

test('a new agent ends the wait, and the record says so', () => {
  const here = world();
  here.guard.contact('board', 0);
  here.guard.away(600);
  here.run(40_000);
  here.guard.contact('board', 39_000);
  assert.not(here.guard.words().suspended);
  assert.is(here.record.read()?.suspended, undefined);
  here.run(S);
  assert.match(doings(here).at(-1) ?? '', /restart$/);
});

test('what the board may rely on binds every shim of the boot, whatever its file says by then', () => {
  for (const next of [S * 3, 'none'] as const) {
    const here = world({ byTimeout: true, dog: 'nowayout' });
    here.guard.contact('board', 0);
    here.run(500);
    here.guard.end(false);
    here.guard = here.start(next);
    here.guard.contact('board', 1_000);
    here.guard.contact('broker', 20_000);
    here.guard.away(600);
    here.run(30_000);
    assert.not(doings(here).some((deed) => deed.endsWith('restart')));
    here.run(1_000);
    assert.match(doings(here).at(-1) ?? '', /^31\d{3} restart/, String(next));
  }
});

test('a lease that ran out binds all shims that follow, though none of them had contact', () => {
  const here = world({ byTimeout: true, dog: 'nowayout' });
  here.guard.contact('board', 0);
  here.guard.end(false);
  here.guard = { ...here.guard, look: () => undefined };
  here.run(S);
  for (let shim = 0; shim < 2; shim += 1) {
    here.guard = here.start('none');
    here.run(1_000);
    here.guard.end(false);
  }
  assert.equal(doings(here), ['0 opened'], 'nobody feeds a machine that is to be over');
});

test('the record is of one life: another, a torn or a foreign one is none', () => {
  const path = join(folder, 'record.lease');
  const contact = { askedAt: 12.5, sleptMs: 3 };
  const suspended = { at: 13, untilAt: 99 };
  const record = { contact, deadlineAt: 40, suspended, boardAlone: true };
  assert.ok(leaseFile(path, LIFE).write(record).ok);
  assert.equal(leaseFile(path, LIFE).read(), record);
  assert.is(leaseFile(path, LIFE + 1).read(), undefined);
  const whole = readFileSync(path, 'utf8');
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(path, whole.slice(0, length));
    assert.is(leaseFile(path, LIFE).read(), undefined, whole.slice(0, length));
  }
  for (const foreign of [
    'null',
    '[]',
    '7',
    whole.replace('40', '"40"'),
    whole.replace('40', '1e999'),
  ]) {
    writeFileSync(path, foreign);
    assert.is(leaseFile(path, LIFE).read(), undefined, foreign);
  }
  const nowhere = leaseFile(join(folder, 'none', 'x.lease'), LIFE);
  assert.is(nowhere.read(), undefined);
  assert.not(nowhere.write(record).ok);
  nowhere.remove();
});

test.after(() => {
  for (const guard of started) guard.end(true);
  rmSync(folder, { recursive: true });
});
test.run();
