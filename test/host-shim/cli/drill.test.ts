/** `fencepost drill`: asked first, told meanwhile, and a report with the times that fit. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../../../host-shim/cli/exit-code.ts';
import type { DrillView } from '../../../protocol/wire/view.ts';
import { type FakeDesk, fakeDesk } from '../../lib/fake-desk.ts';
import { assert, suite } from '../../lib/suite.ts';
import { run } from './lib/command.ts';

const test = suite('drill command');
const PASSED = { state: 'passed', ageMs: 0, holdUpMs: 130, bootMs: 31_200 } as const;
const DONE = { outcome: 'done', proof: 'verified' } as const;

function deskWith(drill: DrillView | null, answer: FakeDesk['answers'][number] = DONE): FakeDesk {
  const desk = fakeDesk();
  desk.answers = [answer];
  const [host] = desk.shown.hosts;
  if (host !== undefined) host.drill = drill;
  return desk;
}

const NAME = fakeDesk().shown.hosts[0]?.name ?? '';

test('a drill that passed proposes twice what was measured, and writes its report', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-drill-'));
  try {
    const path = join(dir, 'report.txt');
    const desk = deskWith(PASSED);
    const { code, out } = await run(`drill ${NAME} --yes --report ${path}`, desk);
    assert.is(code, EXIT.done);
    const { op, args } = desk.ordered[0]?.order ?? {};
    assert.equal([op, args], ['fence', { drill: true }]);
    assert.match(out, /passed: it, and no other, went off/);
    assert.match(out, /hold_up {2}= "200ms"\n.*drain {4}is "200ms".*\n.*off_hold is "400ms"/);
    assert.match(out, /initdead is "63s" or more/);
    assert.ok(out.endsWith(readFileSync(path, 'utf8')));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('what failed says why, and ends with 1', async () => {
  const { code, out } = await run(
    `drill ${NAME} -y`,
    deskWith({ state: 'failed', why: 'phobos fell silent, or restarted' }),
  );
  assert.is(code, EXIT.notDone);
  assert.match(out, /failed: phobos fell silent/);
  const refused = await run(
    `drill ${NAME} -y --json`,
    deskWith(null, { outcome: 'refused', proof: 'none', detail: 'not beating' }),
  );
  assert.is(refused.code, EXIT.notDone);
  assert.match(JSON.parse(refused.out).why, /refused, not beating/);
});

test('a host that is not back in time is unknown, and ends with 3', async () => {
  const desk = deskWith({ state: 'running' });
  const { code, out } = await run(`drill ${NAME} -y --wait 1`, desk);
  assert.is(code, EXIT.unknown);
  assert.match(out, /unknown: it went off, and was not heard again/);
});

test('what an earlier drill has shown is not the outcome of this one', async () => {
  const { code, out } = await run(`drill ${NAME} -y`, deskWith({ ...PASSED, ageMs: 3_600_000 }));
  assert.is(code, EXIT.unknown);
  assert.match(out, /unknown: it went off, and was not heard again/);
});

test('a person types the name of the host, or nothing happens', async () => {
  const desk = deskWith(PASSED);
  const person = { interactive: true, types: 'yes' };
  const { code, asked } = await run(`drill ${NAME}`, desk, person);
  assert.is(code, EXIT.notDone);
  assert.is(asked.length, 1);
  assert.is(desk.ordered.length, 0);
  assert.is((await run(`drill ${NAME}`, desk, { ...person, types: NAME })).code, EXIT.done);
});

test.run();
