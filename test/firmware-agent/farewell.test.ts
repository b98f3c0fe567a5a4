/** The last words of an agent: who is told, who is waited for, and who is named in the log. */
import { newBoard } from '../../firmware-agent/core/board.ts';
import { farewell } from '../../firmware-agent/farewell.ts';
import type { Paths } from '../../firmware-agent/paths.ts';
import { FLAG_SUSPENDED, PLEDGE } from '../../protocol/wire/messages.ts';
import type { Opened } from '../../protocol/wire/session/agent.ts';
import { assert, suite } from '../lib/suite.ts';
import { boardOf, guarded } from './core/world/settings.ts';

const test = suite('farewell of the agent');

interface Told {
  away: string[];
  log: string[];
  hear(host: number, flags: number): void;
  end: Promise<void>;
}

/** Says farewell to hosts that pledged with these flags; undefined is one that pledged nothing. */
function say(...pledges: (number | undefined)[]): Told {
  const hosts = pledges.map((_, i) => guarded(i + 1, `host${i + 1}`));
  const board = newBoard(boardOf(hosts), '00', 0);
  for (const [i, flags] of pledges.entries()) {
    const host = board.hosts.get(i + 1);
    if (host === undefined || flags === undefined) continue;
    host.life = { at: 'present', incarnation: 5, since: 0 };
    const pledge = { timeoutMs: 30_000, watchdogMs: 10_000, flags };
    const sessions = [{ channel: 'serial' as const, session: 1, pledge }];
    host.lease = { incarnation: 5, heardAwake: 0, sessions };
  }
  let hear: ((opened: Opened) => void) | undefined;
  const told: Told = {
    away: [],
    log: [],
    hear: (host, flags) => {
      const session = { channel: 'serial', session: 1, incarnation: 5, seq: 9, echo: 1 } as const;
      hear?.({ kind: 'beat', host, ...session, flags, bytes: new Uint8Array() });
    },
    end: Promise.resolve(),
  };
  const note = (text: string, about?: { host?: string }): void =>
    void told.log.push(`${about?.host}: ${text}`);
  told.end = farewell({
    board,
    paths: {
      away: (host: number, tick: number, returnByS: number) =>
        void told.away.push(`${host} ${tick} ${returnByS}`),
    } as unknown as Paths,
    log: { info: note, warn: note, error: note, dropped: () => 0 },
    listen: (to) => {
      hear = to;
    },
  });
  return told;
}

test('everybody is told, and where nobody fences himself nobody is waited for', async () => {
  const told = say(undefined, undefined);
  await told.end;
  assert.equal(told.away, ['1 1 600', '2 1 600']);
  assert.equal(told.log, []);
});

test('a host that pledged to fence itself is waited for until its beats say that it waits', async () => {
  const told = say(PLEDGE.hardware, 0);
  let over = false;
  void told.end.then(() => {
    over = true;
  });
  told.hear(1, 0);
  told.hear(1, FLAG_SUSPENDED | 3);
  await Promise.resolve();
  assert.not(over);
  told.hear(2, FLAG_SUSPENDED);
  await told.end;
  assert.equal(told.log, ['host1: waits for the next agent', 'host2: waits for the next agent']);
});

test('one that may not wait is not waited for, and the log says when it restarts', async () => {
  const told = say(7);
  await told.end;
  assert.is(told.log.length, 1);
  assert.match(told.log[0] ?? '', /host1: will restart after 30 s without contact/);
});

test.run();
