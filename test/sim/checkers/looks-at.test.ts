/**
 * A checker that is told of idle events only where it looks at them complains of the same as one that
 * is told of all. Played with rules that are not the board's, so that there is much to complain of.
 */
import type { Effect } from '../../../firmware-agent/core/events.ts';
import type { HostSettings, Timing } from '../../../firmware-agent/core/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { quickCrypto } from '../crypto.ts';
import { planFor } from '../play.ts';
import { runPlan } from '../run.ts';
import type { Checker, Complaint, WorldFacts } from '../witness.ts';
import { CHECKERS } from './all.ts';

const test = suite('what checkers look at');
const SEEDS = 3;
/** Each so many events somebody is cut for nothing. */
const FORGED_EVERY = 150;

type Bend = (timing: Timing) => Partial<Timing>;

/** Everything takes too short for these rules, or too long. */
const HARSH: readonly Bend[] = [
  ({ deadtimeMs, offHoldMs }) => ({ deadtimeMs: 4 * deadtimeMs, offHoldMs: 3 * offHoldMs }),
  ({ deadtimeMs, initdeadMs }) => ({ deadtimeMs: deadtimeMs / 2, initdeadMs: initdeadMs / 8 }),
];

function bent(facts: WorldFacts, bend: Bend): WorldFacts {
  const bendHost = (host: HostSettings): HostSettings => ({
    ...host,
    timing: { ...host.timing, ...bend(host.timing) },
  });
  return { ...facts, settings: { ...facts.settings, hosts: facts.settings.hosts.map(bendHost) } };
}

const FORGED: Effect = { kind: 'cut', host: 1, outlets: [0], fence: 1 };

interface Pair {
  all: Complaint[];
  some: Complaint[];
}

/** The same checker twice, with a memory of its own each. */
function twice(checker: Checker, bend: Bend, pair: Pair): Checker {
  return (facts) => {
    const all = checker(bent(facts, bend), (complaint) => pair.all.push(complaint));
    const some = checker(bent(facts, bend), (complaint) => pair.some.push(complaint));
    const { looksAt } = some;
    let told = 0;
    return {
      truth: (at, truth) => {
        all.truth?.(at, truth);
        some.truth?.(at, truth);
      },
      step: (at, event, honest) => {
        told += 1;
        const effects = told % FORGED_EVERY === 0 ? [...honest, FORGED] : honest;
        all.step?.(at, event, effects);
        const looks = looksAt === undefined || looksAt.includes(event.kind);
        if (effects.length > 0 || looks) some.step?.(at, event, effects);
      },
      end: (at) => {
        all.end?.(at);
        some.end?.(at);
      },
    };
  };
}

test('a checker misses nothing by what it does not look at', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const bend = HARSH[seed % HARSH.length] as Bend;
    const pairs = CHECKERS.map((): Pair => ({ all: [], some: [] }));
    const checkers = CHECKERS.map((checker, at) => twice(checker, bend, pairs[at] as Pair));
    runPlan(planFor(seed, { hours: 0.02 }), { crypto: quickCrypto(), checkers });
    for (const { all, some } of pairs) {
      assert.equal(some, all, `seed ${seed}`);
      for (const { rule } of all) seen.add(rule);
    }
  }
  const rules = [...seen].sort().join(' ');
  assert.ok(seen.size >= 4, `there was little to complain of: ${rules}`);
});

test.run();
