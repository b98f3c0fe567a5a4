import type { Effect } from '../../../firmware-agent/core/events.ts';
import { assert, suite } from '../../lib/suite.ts';
import { type History, history, news } from './history.ts';
import { sensesBelieved } from './senses-believed.ts';

const test = suite('checker: senses believed');

function record(proof: 'verified' | 'by-hold'): Effect {
  const about = { id: 1, host: 'one', incarnation: 101, by: 'verdict', evidence: [], entries: [] };
  return { kind: 'record', record: { ...about, outcome: 'fenced', proof } };
}

function read(h: History, value: 'on' | 'off'): History {
  return h.step({ kind: 'sense', host: 1, sense: 0, value, askedAt: h.at });
}

function fenced(h: History, proof: 'verified' | 'by-hold' = 'verified'): string[] {
  return read(h.wait(5_000), 'off')
    .tick(news(1, 'fenced', 'warning'), record(proof))
    .rules();
}

test('verified is well by a sense that was seen on, and not by one that only ever read off', () => {
  assert.equal(fenced(read(history(sensesBelieved), 'on')), []);
  assert.equal(fenced(read(history(sensesBelieved), 'off')), ['S1']);
  assert.equal(fenced(read(history(sensesBelieved), 'off'), 'by-hold'), []);
});

test('what an earlier life of the board saw counts only where it comes with an unfinished fence', () => {
  const restarted = (): History =>
    read(history(sensesBelieved), 'on').truth({
      ...{ kind: 'agent', is: 'started', life: 2, remembers: true },
    });
  assert.equal(fenced(restarted()), ['S1']);
  const unfinished = { host: 1, incarnation: 101, orders: [], reported: false, outlets: [0] };
  const durable = {
    ...{ format: 1 as const, orders: [], frozen: [], maintenance: [], left: [], interrupted: [] },
    ...{ startsWallMs: [], nextFence: 2, fences: [{ ...unfinished, seenOn: [true] }] },
  };
  assert.equal(fenced(restarted().step({ kind: 'start', wallMs: 0, durable })), []);
});

test.run();
