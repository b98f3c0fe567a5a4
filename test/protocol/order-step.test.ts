import {
  ACCEPTED_REPEAT_MS,
  newOrder,
  type OrderEffect,
  type OrderEvent,
  type OrderNames,
  type OrderRun,
  REPEAT_MS,
  stepOrder,
} from '../../protocol/order-step.ts';
import { type MessageOf, OUTCOME, type Outcome, PROOF } from '../../protocol/wire/messages.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('order step');

const LIFE = new Uint8Array(8).fill(1);
const NEXT_LIFE = new Uint8Array(8).fill(2);
const names: OrderNames = {
  agent: 7,
  host: 1,
  queryId: new Uint8Array(16).fill(3),
  cmdId: new Uint8Array(16).fill(4),
  deadlineAt: 60_000,
};

function state(aNonce: Uint8Array, tick = 100, over: Partial<MessageOf<'state'>> = {}): OrderEvent {
  const { agent, host, queryId } = names;
  const body = new Uint8Array();
  const fixed = {
    kind: 'state',
    kid: 1,
    orderer: 5,
    incarnation: 9,
    reading: 1,
    phase: 1,
    body,
  } as const;
  return { kind: 'state', state: { ...fixed, agent, host, queryId, aNonce, tick, ...over } };
}

function result(outcome: Outcome, over: Partial<MessageOf<'result'>> = {}): OrderEvent {
  const { agent, host, cmdId } = names;
  const detail = Uint8Array.of(1, ...new TextEncoder().encode('off 2.0 s'));
  const fixed = { kind: 'result', kid: 1, orderer: 5, incarnation: 9, tick: 101 } as const;
  const what = { outcome: OUTCOME[outcome], proof: PROOF.verified, detail };
  return { kind: 'result', result: { ...fixed, agent, host, cmdId, ...what, ...over } };
}

/** Plays events at their times; the timer is the machine's own `dueAt`. */
function play(script: [number, OrderEvent][], untilMs: number): { log: string[]; run: OrderRun } {
  let run = newOrder(0);
  let dueAt: number | undefined = 0;
  const log: string[] = [];
  const queue = [...script];
  for (let steps = 0; steps < 1_000; steps += 1) {
    const nextAt = queue[0]?.[0] ?? Number.POSITIVE_INFINITY;
    const at = Math.min(nextAt, dueAt ?? Number.POSITIVE_INFINITY);
    if (at > untilMs) break;
    const event =
      nextAt <= at ? (queue.shift()?.[1] ?? { kind: 'due' }) : ({ kind: 'due' } as const);
    const step = stepOrder(run, event, at, names);
    run = step.run;
    dueAt = step.dueAt;
    for (const effect of step.effects) log.push(`${at} ${words(effect)}`);
  }
  return { log, run };
}

function words(effect: OrderEffect): string {
  if (effect.kind === 'order') return `order life ${effect.life[0]} tick ${effect.tick}`;
  if (effect.kind !== 'end') return effect.kind;
  const { outcome, proof, untested, detail, accepted } = effect.end;
  return `end ${outcome} ${proof}${untested ? ' untested' : ''} "${detail}"${accepted ? ' accepted' : ''}`;
}

test('an order asks for the life, names it, hears accepted and then its end', () => {
  const { log } = play(
    [
      [10, state(LIFE)],
      [20, result('accepted')],
      [2_500, result('done')],
    ],
    70_000,
  );
  assert.equal(log, [
    '0 query',
    '10 order life 1 tick 100',
    '20 accepted',
    '2500 end done verified untested "off 2.0 s" accepted',
  ]);
});

test('what is not answered is repeated with a fresh tick, and silence ends at the deadline', () => {
  const { log } = play(
    [
      [2_100, state(LIFE, 100)],
      [3_200, state(LIFE, 104)],
    ],
    5_000,
  );
  assert.equal(log, [
    '0 query',
    `${REPEAT_MS} query`,
    `${2 * REPEAT_MS} query`,
    '2100 order life 1 tick 100',
    '3100 query',
    '3200 order life 1 tick 104',
    '4200 query',
  ]);
  const silent = play([], 70_000).log;
  assert.is(silent.at(-1), '60000 end no-answer none "the agent did not answer"');
  assert.is(silent.length, 61);
});

test('an accepted order is asked after rarely, and its stored outcome is taken', () => {
  const { log } = play(
    [
      [10, state(LIFE)],
      [20, result('accepted')],
      [5_100, state(LIFE, 200)],
      [5_200, result('done')],
    ],
    9_000,
  );
  assert.equal(log.slice(3), [
    `${20 + ACCEPTED_REPEAT_MS} query`,
    '5100 order life 1 tick 200',
    '5200 end done verified untested "off 2.0 s" accepted',
  ]);
});

test('an order that was sent to one life is never sent to another', () => {
  const { log } = play(
    [
      [10, state(LIFE)],
      [1_500, state(NEXT_LIFE)],
    ],
    70_000,
  );
  assert.equal(log.slice(0, 3), ['0 query', '10 order life 1 tick 100', '1010 query']);
  assert.match(log[3] ?? '', /^1500 end interrupted none "the agent restarted/);
  assert.is(log.length, 4);
});

test('a life that changed before anything was ordered is simply the one to name', () => {
  const { log } = play([[1_500, state(NEXT_LIFE, 3)]], 1_600);
  assert.is(log.at(-1), '1500 order life 2 tick 3');
});

test('a link that comes back asks at once', () => {
  const { log } = play(
    [
      [10, state(LIFE)],
      [300, { kind: 'up' }],
      [310, state(LIFE, 9)],
    ],
    400,
  );
  assert.equal(log, [
    '0 query',
    '10 order life 1 tick 100',
    '300 query',
    '310 order life 1 tick 9',
  ]);
});

test('answers to others are no answers', () => {
  const other = new Uint8Array(16).fill(9);
  const foreign: OrderEvent[] = [
    state(LIFE, 1, { queryId: other }),
    state(LIFE, 1, { agent: 8 }),
    state(LIFE, 1, { host: 2 }),
    result('done', { cmdId: other }),
    result('done', { agent: 8 }),
    result('done', { host: 2 }),
    result('done', { outcome: 99 }),
  ];
  const { log } = play(
    foreign.map((event, at) => [at + 1, event]),
    500,
  );
  assert.equal(log, ['0 query']);
});

test('every outcome but accepted ends the order in every running state, and nothing moves an ended one', () => {
  for (const outcome of Object.keys(OUTCOME) as Outcome[]) {
    for (const before of [[], [[5, state(LIFE)]]] as [number, OrderEvent][][]) {
      const { run } = play([...before, [10, result(outcome)]], 11);
      if (outcome === 'accepted') {
        assert.ok(run.at !== 'ended' && run.accepted);
        continue;
      }
      assert.ok(run.at === 'ended' && run.end.outcome === outcome);
      for (const event of [state(LIFE), result('done'), { kind: 'due' }, { kind: 'up' }] as const) {
        const step = stepOrder(run, event, 99_999, names);
        assert.equal([step.run, step.effects, step.dueAt], [run, [], undefined]);
      }
    }
  }
});

test('a forged control character in the detail does not reach a terminal', () => {
  const detail = Uint8Array.of(0, 0x1b, 0x5b, 0x41);
  const { log } = play([[10, result('failed', { detail })]], 20);
  assert.is(log.at(-1), '10 end failed verified "?[A"');
});

test.run();
