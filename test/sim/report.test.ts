import { boardOf, guarded } from '../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../lib/suite.ts';
import { addTo, newHistogram, shareBelow } from './histogram.ts';
import { mergeReports, newReport, type Report, reporter } from './report.ts';
import { missingPairs, printReport } from './report-text.ts';

const test = suite('the report of simulated worlds');

/** One small world: two faults that meet, and a fence of a host with a lying sense. */
function play(): Report {
  const report = newReport();
  const settings = boardOf([guarded(1, 'one')]);
  const witness = reporter({ seed: 1, settings, holdUpMs: new Map() }, report);
  witness.truth?.(0, { kind: 'fault', fault: 'stall', on: true });
  witness.truth?.(10, { kind: 'fault', fault: 'noise', on: true, host: 1 });
  witness.truth?.(20, { kind: 'fault', fault: 'stall', on: false });
  witness.truth?.(30, { kind: 'fault', fault: 'noise', on: false, host: 1 });
  witness.truth?.(40, { kind: 'devices', host: 1, honest: false });
  witness.truth?.(40, { kind: 'life', host: 1, incarnation: 5, is: 'hung' });
  const dead = { kind: 'news', level: 'alarm', code: 'dead', host: 1, text: '' } as const;
  witness.step?.(100, { kind: 'judge', drained: true }, [
    { kind: 'journal', host: 1, fence: 1 },
    dead,
  ]);
  const cut = { kind: 'cut', host: 1, outlets: [0], fence: 1 } as const;
  witness.step?.(104, { kind: 'journalled', host: 1, fence: 1 }, [cut]);
  const record = { id: 1, host: 'one', incarnation: 5, by: 'verdict', evidence: [], entries: [] };
  witness.step?.(7_104, { kind: 'judge', drained: true }, [
    { ...dead, code: 'fenced', level: 'warning' },
    { kind: 'record', record: { ...record, outcome: 'fenced', proof: 'verified' } },
  ]);
  witness.end?.(10_000);
  return report;
}

test('faults, pairs that met, and fences are counted', () => {
  const report = play();
  assert.equal(report.faults, { stall: 1, noise: 1 });
  assert.equal(report.pairs, { 'noise + stall': 1 });
  assert.equal(report.fences, { 'verdict verified': 1 });
  assert.equal(report.cutWhile, { 'verdict hung': 1 });
  assert.is(report.cuts, 1);
  assert.is(report.troubled, 1);
  assert.is(report.spans['verdict to result'].most, 7_004);
});

test('reports add up, as they do after a way through JSON', () => {
  const all = newReport();
  for (let i = 0; i < 3; i += 1) mergeReports(all, JSON.parse(JSON.stringify(play())));
  assert.is(all.worlds, 3);
  assert.is(all.hostMs, 30_000);
  assert.is(all.pairs['noise + stall'], 3);
  assert.is(all.spans['verdict to result'].count, 3);
  assert.is(all.spans['order to result'].count, 0);
  assert.is(all.spans['order to result'].least, Number.POSITIVE_INFINITY);
});

test('the text names the kinds that never struck and the pairs that never met', () => {
  const kinds = ['noise', 'stall', 'crash'];
  assert.equal(missingPairs(play(), kinds), {
    all: 3,
    missing: ['crash + noise', 'crash + stall'],
  });
  const text = printReport(play(), kinds);
  assert.match(text, 'never struck: crash');
  assert.match(text, '1 of 3 pairs met (33.3 %)');
  assert.match(text, 'never met: crash + noise');
  assert.match(text, '1 fences that moved a relay, 100.0 % with a broken or lying device');
});

test('a histogram knows its shares to a twentieth', () => {
  const histogram = newHistogram();
  for (let value = 1; value <= 1_000; value += 1) addTo(histogram, value);
  assert.ok(Math.abs(shareBelow(histogram, 0.5) - 500) < 26);
  assert.is(shareBelow(histogram, 1), 1_000);
  assert.is(shareBelow(newHistogram(), 0.5), 0);
});

test.run();
