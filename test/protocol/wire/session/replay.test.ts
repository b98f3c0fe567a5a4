import { MESSAGES } from '../../../../protocol/wire/messages.ts';
import { receive, refusals, saidFrame } from '../../../../protocol/wire/session/agent.ts';
import { issue } from '../../../../protocol/wire/ticks.ts';
import { assert, suite } from '../../../lib/suite.ts';
import {
  type Agent,
  type Host,
  K_MS,
  kindOf,
  run,
  type Sent,
  STEP_MS,
  send,
  startAgent,
  startHost,
  tell,
  type World,
  world,
} from '../lib/world.ts';

const test = suite('sessions under replay');

/** Both channels arm the timer, kick it and pledge, and the agent says farewell; five seconds. */
function armAndKick(w: World, agent: Agent, host: Host): void {
  const args = Uint8Array.of(4, 1, 3, 0, 0, 100, 0, 0);
  for (const channel of ['serial', 'mqtt'] as const) {
    tell(w, host, channel, { kind: 'timer', op: 'timer-set', args });
  }
  for (const channel of ['serial', 'mqtt'] as const)
    tell(w, host, channel, { kind: 'pledge', timeout: 300, watchdog: 100, flags: 7 });
  run(w, 4_000);
  for (const channel of ['serial', 'mqtt'] as const)
    tell(w, host, channel, { kind: 'kick', count: 1 });
  for (const channel of ['serial', 'mqtt'] as const) {
    tell(w, host, channel, { kind: 'claim', turn: 1, group: 1, held: [2] });
    tell(w, host, channel, { kind: 'release', turn: 2, group: 1 });
  }
  run(w, 1_000);
  for (const channel of ['serial', 'mqtt'] as const) {
    const said = { kind: 'away', tick: agent.ticks.latest, returnByS: 60 } as const;
    const bytes = saidFrame(agent.sessions, host.host, channel, said) ?? new Uint8Array();
    send(w, { direction: 'down', host: host.host, channel, bytes, at: w.now });
  }
}

test('a frame that was recorded opens nothing elsewhere: path, host, direction, life or time', () => {
  const w = world(19);
  const agent = startAgent(w);
  const timed = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  startHost(w, 2, 'boot-2', ['serial', 'mqtt']);
  armAndKick(w, agent, timed);
  run(w, 15_000);
  const other = startAgent(w);
  issue(other.ticks, w.now);
  w.agents.splice(w.agents.indexOf(other), 1);
  let tried = 0;
  let opened = 0;
  for (const frame of w.sent) {
    for (const target of [agent, other]) {
      for (const channel of ['serial', 'mqtt', 'socket'] as const) {
        for (const host of [1, 2]) {
          tried += 1;
          const got = receive(target.sessions, { channel, host }, frame.bytes, target.ticks, w.now);
          const kind = got.opened?.kind;
          if (kind === undefined) continue;
          if (MESSAGES[kind].key === 'session-up') opened += 1;
          // Only handshakes repeat, on their own path; a SOLICIT, which names no life, in any.
          assert.ok(channel === frame.channel && host === frame.host, kindOf(frame));
          assert.ok(kind === 'solicit' || (kind === 'hello' && target === agent), kindOf(frame));
        }
      }
    }
  }
  assert.ok(tried > 1_500, String(tried));
  assert.is(opened, 0);
});

test('frames of the board that come back to the hosts, late or on another path, do nothing', () => {
  const w = world(20);
  const agent = startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  startHost(w, 2, 'boot-2', ['serial', 'mqtt']);
  armAndKick(w, agent, host);
  run(w, 5_500);
  const recorded = w.sent.slice();
  const from = w.news.length;
  for (const frame of recorded) {
    for (const channel of ['serial', 'mqtt'] as const) {
      tell(w, host, channel, { kind: 'frame', bytes: frame.bytes });
    }
  }
  assert.equal(w.news.slice(from), []);
});

test('any order of a recording, with repeats, opens exactly its growing maxima', () => {
  const w = world(21);
  startAgent(w);
  startHost(w, 1, 'boot-1', ['serial']);
  const recorded: Sent[] = [];
  w.path = (frame) => {
    const isLater = kindOf(frame) === 'beat' && w.now > 3_000;
    if (isLater) recorded.push(frame);
    return isLater ? [] : [STEP_MS];
  };
  run(w, 40_000);
  const session = w.agents[0]?.sessions.table[1]?.paths.serial?.standing;
  if (session === undefined) return assert.unreachable();
  const start = session.lastSeq;
  const [agent] = w.agents;
  if (agent === undefined) return assert.unreachable();
  for (let round = 0; round < 50; round += 1) {
    session.lastSeq = start;
    let best = start;
    for (let n = 0; n < 60; n += 1) {
      const frame = recorded[w.chance.int(recorded.length)];
      if (frame === undefined) return assert.unreachable();
      w.now += K_MS;
      const from = { channel: 'serial', host: 1 } as const;
      const got = receive(agent.sessions, from, frame.bytes, agent.ticks, w.now);
      if (got.opened?.kind === 'beat') {
        assert.ok(got.opened.seq > best);
        best = got.opened.seq;
      } else {
        assert.is(got.refused, 'replay');
      }
    }
  }
});

test('counters tell replay, wrong key, delay and a dead session apart, per host and channel', () => {
  const w = world(22);
  const agent = startAgent(w);
  startHost(w, 1, 'boot-1', ['serial']);
  run(w, 5_000);
  const frame = w.sent.find((sent) => kindOf(sent) === 'beat');
  if (frame === undefined) return assert.unreachable();
  const from = { channel: 'serial', host: 1 } as const;
  receive(agent.sessions, from, frame.bytes, agent.ticks, w.now);
  const forged = frame.bytes.slice();
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  receive(agent.sessions, from, forged, agent.ticks, w.now);
  receive(agent.sessions, from, frame.bytes.slice(0, 9), agent.ticks, w.now);
  const [row] = refusals(agent.sessions);
  assert.equal([row?.host, row?.channel], [1, 'serial']);
  assert.equal([row?.counts.replay, row?.counts.mac, row?.counts.short], [1, 1, 1]);
});

test('every message that has a session key is one that these tests have sent', () => {
  const leaving = ['leaving', 'leavingSeen', 'left', 'leftSeen'];
  const groups = ['claim', 'grant', 'release'];
  const selfFence = ['pledge', 'pledgeSeen', 'away'];
  const kinds = new Set([...leaving, ...groups, ...selfFence, 'beat', 'alive', 'kick', 'timer']);
  for (const [kind, { key }] of Object.entries(MESSAGES)) {
    assert.is(kinds.has(kind), key.startsWith('session'), kind);
  }
});

test.run();
