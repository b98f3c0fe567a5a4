/**
 * Thousands of small worlds in which anything may fail at any time. RUNS sets how many, SEED the
 * first; a seed that fails is printed with its story, and shows the same again.
 */
import { attemptSync } from '../../../protocol/attempt.ts';
import { assert, suite } from '../../lib/suite.ts';
import { lastFresh } from './world/after.ts';
import { chaosOf, heal, QUICK, strike } from './world/chaos.ts';
import { judgeEnd, keepLedger } from './world/ledger.ts';

const test = suite('random worlds');
const RUNS = Number(process.env['RUNS'] ?? 100);
const SEED = Number(process.env['SEED'] ?? 1);
const FAILURES_SHOWN = 5;
const JUDGE_MS = 50;

interface Outcome {
  seed: number;
  story: string[];
  broken: string[];
}

const totals = {
  ...{ autonomous: 0, timed: 0, standing: 0, pulses: 0 },
  ...{ cuts: 0, fenced: 0, frozen: 0, orders: 0 },
};

function play(seed: number): Outcome {
  const c = chaosOf(seed, true);
  const ledger = keepLedger(c);
  const story: string[] = [];
  const ran = attemptSync(() => {
    c.w.run(3_000);
    const end = c.w.now + 12_000;
    while (c.w.now < end) {
      story.push(`${c.w.now.toFixed(0)} ${strike(c)}`);
      c.w.run(c.chance.between(10, 1_500));
    }
    story.push(`${c.w.now.toFixed(0)} heal`);
    heal(c);
    c.w.run(8_000);
    judgeEnd(c, ledger);
  });
  totals.autonomous += ledger.autonomous;
  totals.timed += ledger.timed;
  totals.standing += ledger.standing;
  totals.pulses += ledger.pulses;
  totals.cuts += ledger.cuts;
  totals.fenced += ledger.fenced;
  totals.frozen += ledger.frozen;
  totals.orders += ledger.accepted.size;
  const broken = ran.ok ? ledger.broken : [...ledger.broken, `at ${c.w.now} ms: ${ran.detail}`];
  return { seed, story, broken };
}

test('whatever fails: no living host is cut, and nothing untrue is said', () => {
  const bad: Outcome[] = [];
  for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
    const outcome = play(seed);
    if (outcome.broken.length > 0) bad.push(outcome);
  }
  for (const { seed, story, broken } of bad.slice(0, FAILURES_SHOWN)) {
    process.stdout.write(
      `SEED=${seed} RUNS=1\n  ${story.join('\n  ')}\n! ${broken.join('\n! ')}\n`,
    );
  }
  process.stdout.write(`${JSON.stringify(totals)}\n`);
  assert.is(bad.length, 0, `seeds ${bad.map(({ seed }) => seed).join(' ')}`);
  assert.ok(
    RUNS < 100 || Object.entries(totals).every(([key, n]) => n > 0 || key === 'frozen'),
    'the worlds were too quiet',
  );
});

test('in a quiet world a dead host is found and fenced within its bounds', () => {
  const { deadtimeMs, drainMs, offHoldMs } = QUICK;
  for (let seed = SEED; seed < SEED + RUNS / 3; seed += 1) {
    const c = chaosOf(seed);
    const ledger = keepLedger(c);
    const [alpha] = c.w.state.machines.values();
    assert.ok(alpha);
    const { settings } = alpha;
    const lonely = c.w.state.machines.size === 1 && c.w.state.settings.brokerOnBoard;
    // With nobody else on the broker, and the broker on the board, nothing proves its silence.
    if (lonely && settings.silence === 'prove') continue;
    const heardAt = (): number => lastFresh(c.w, settings.name);
    c.w.run(4_000 + c.chance.between(0, 900));
    c.w.hang(settings.name);
    const dead = c.w.untilNews('dead', settings.name, 3_000);
    const silenceMs = dead.at - heardAt();
    const judged = `SEED=${seed}: dead after ${silenceMs} ms`;
    assert.ok(silenceMs >= deadtimeMs && silenceMs <= deadtimeMs + JUDGE_MS, judged);
    const fenced = c.w.untilNews('fenced', settings.name, 10_000);
    const tookMs = fenced.at - dead.at;
    assert.ok(tookMs <= 500 + drainMs + offHoldMs + 2 * JUDGE_MS, `SEED=${seed}: ${tookMs} ms`);
    if (settings.afterFence === 'restore') {
      c.w.untilNews('restored', settings.name, 2_500);
      c.w.untilNews('heard', settings.name, alpha.bootMs + 2_000);
    }
    assert.equal(ledger.broken, [], `SEED=${seed}`);
  }
});

test.run();
