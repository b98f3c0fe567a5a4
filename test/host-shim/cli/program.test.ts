import { createServer } from 'node:net';
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../../../host-shim/cli/exit-code.ts';
import { OUTCOME, type Outcome } from '../../../protocol/wire/messages.ts';
import { fakeDesk, fakeHost } from '../../lib/fake-desk.ts';
import { assert, suite } from '../../lib/suite.ts';
import { folder, forget, run, runAt } from './lib/command.ts';

const test = suite('fencepost command');

test('ls shows member count, victim count, victim now, master, wait state and members', async () => {
  const desk = fakeDesk();
  const victim = { ...fakeHost('phobos', 2), phase: 'victim' as const };
  const condemned = {
    ...fakeHost('mimas', 4),
    fence: { id: 5, step: 'held', by: 'ops', ageMs: 1 },
  };
  victim.fence = { id: 4, step: 'off-hold', by: 'verdict', ageMs: 900 };
  const gone = { ...fakeHost('luna', 3), phase: 'left' as const };
  desk.shown = {
    ...desk.shown,
    waitState: 'off-hold',
    victimNow: 'phobos',
    hosts: [fakeHost('deimos', 1), victim, gone, condemned],
  };
  const groups = [
    { name: 'db', group: 5, holders: ['deimos'], unknown: [] },
    { name: 'web', group: 6, holders: [], unknown: ['luna'] },
  ];
  const withGroups = fakeDesk();
  withGroups.shown = { ...withGroups.shown, groups };
  for (const word of ['ls', 'status']) {
    const { out: shown } = await run(word, withGroups);
    assert.match(shown, /group db:? +held by deimos/);
    assert.match(shown, /group web:? +free; no report yet of luna/);
  }
  const { code, out } = await run('ls', desk);
  assert.is(code, EXIT.done);
  assert.equal(out.trimEnd().split('\n'), [
    'member count  1',
    'victim count  2',
    'victim now    phobos',
    'master        board1',
    'wait state    off-hold',
    'members       deimos',
  ]);
  const json = JSON.parse((await run('ls --json', desk)).out);
  assert.equal(json, {
    memberCount: 1,
    victimCount: 2,
    victimNow: 'phobos',
    master: 'board1',
    waitState: 'off-hold',
    members: ['deimos'],
  });
});

test('status shows every host with its channels, outlets and senses, and alarms with their remedy', async () => {
  const desk = fakeDesk();
  const text = 'a cable is out';
  desk.shown.alarms.push({
    host: 'phobos',
    code: 'cable',
    text,
    remedy: 'Plug it in.',
    ageMs: 5_000,
  });
  const { code, out } = await run('status', desk);
  assert.is(code, EXIT.done);
  for (const words of [
    'deimos',
    'phobos',
    'alive',
    '61.0 s',
    '1a2b3c4d',
    '250 ms ago',
    'not open',
  ]) {
    assert.ok(out.includes(words), words);
  }
  assert.ok(
    out.includes('deimos-psu closed') && out.includes('deimos-sense on (not believed yet)'),
  );
  assert.ok(out.includes('! phobos: a cable is out (5.0 s)\n    Plug it in.'));
  const one = await run('status phobos', desk);
  assert.ok(one.out.includes('phobos: alive') && one.out.includes('Plug it in.'));
  assert.not.ok(one.out.includes('deimos'));
  assert.is(JSON.parse((await run('status phobos --json', desk)).out).alarms.length, 1);
});

test('a fence says accepted and then how it was proven, and the order names who gave it', async () => {
  const desk = fakeDesk();
  const { code, out, asked } = await run('fence deimos', desk);
  assert.is(code, EXIT.done);
  assert.is(out, 'accepted: fence deimos\nfenced deimos: verified off for 2.0 s\n');
  assert.equal(asked, []);
  assert.is(desk.ordered.length, 1);
  const [{ order, by } = { order: undefined, by: '' }] = desk.ordered;
  assert.is(by, 'anna (local)');
  assert.equal([order?.op, order?.host, order?.incarnation], ['fence', 'deimos', 0]);
});

test('every outcome has its exit code, its sentence and its JSON', async () => {
  const codes: Record<Exclude<Outcome, 'accepted'>, ExitCode> = {
    done: 0,
    already: 0,
    failed: 1,
    refused: 1,
    busy: 1,
    expired: 1,
    stale: 1,
    unknown: 3,
    interrupted: 3,
  };
  assert.is(Object.keys(codes).length, Object.keys(OUTCOME).length - 1);
  for (const [outcome, expected] of Object.entries(codes) as [Outcome, ExitCode][]) {
    for (const word of ['fence', 'off', 'on']) {
      const desk = fakeDesk();
      desk.answers = [{ outcome: 'accepted' }, { outcome, detail: 'because' }];
      const { code, out } = await run(`${word} deimos`, desk);
      assert.is(code, expected, `${word} ${outcome}`);
      assert.ok(out.includes('because') && (expected === 0) === !/not |unknown/.test(out), out);
      const json = await run(`${word} deimos --json`, desk);
      assert.is(json.code, expected);
      assert.is(JSON.parse(json.out).outcome, outcome);
    }
  }
});

test('an order that is accepted and never ends is unknown, exit 3', async () => {
  const desk = fakeDesk();
  desk.answers = [{ outcome: 'accepted' }];
  const { code, out } = await run('fence deimos --wait 1', desk);
  assert.is(code, EXIT.unknown);
  assert.match(out, /unknown whether deimos is fenced: no-answer/);
});

test('a person is asked before a power cut and only then, and may say no', async () => {
  const at = { interactive: true };
  const no = fakeDesk();
  const refused = await run('fence deimos', no, { ...at, types: 'no' });
  assert.equal([refused.code, no.ordered.length], [EXIT.notDone, 0]);
  assert.match(refused.asked[0] ?? '', /Cut the power of deimos \(alive, incarnation 1a2b3c4d\)/);
  const agreed = fakeDesk();
  assert.is((await run('off deimos', agreed, { ...at, types: 'yes' })).code, EXIT.done);
  assert.is(agreed.ordered.length, 1);
  for (const line of ['fence deimos --yes', 'on deimos', 'fence deimos --json']) {
    const { asked, code } = await run(line, fakeDesk(), { ...at, types: 'no' });
    assert.equal([asked, code], [[], EXIT.done], line);
  }
});

test('--incarnation names one life of the host', async () => {
  const desk = fakeDesk();
  await run('fence deimos --incarnation 1a2b3c4d', desk);
  assert.is(desk.ordered[0]?.order.incarnation, 0x1a2b3c4d);
});

test('why explains evidence, proof, times and cause in words', async () => {
  const { code, out } = await run('why deimos');
  assert.is(code, EXIT.done);
  for (const words of [
    'deimos was fenced: verified, every sense read off',
    'The board decided it by itself',
    'serial: no fresh beat for 4.0 s; the path was not proven',
    "mqtt: no fresh beat for 4.1 s; the board's end of the path was proven good for 4.1 s (near proof)",
    '+0.012 s  cut psu',
    'Untested: no drill',
  ]) {
    assert.ok(out.includes(words), words);
  }
  assert.is(JSON.parse((await run('why deimos --json')).out).id, 3);
  const none = await run('why phobos');
  assert.equal([none.code, none.out], [EXIT.done, 'No fence of phobos is on record.\n']);
});

test('why never says fenced of a fence that was not proven', async () => {
  for (const outcome of ['failed', 'averted', 'interrupted', undefined] as const) {
    const desk = fakeDesk();
    const { outcome: _, proof: __, ...record } = desk.kept[0] ?? fail();
    desk.kept = [outcome === undefined ? record : { ...record, outcome }];
    const { out } = await run('why deimos', desk);
    assert.not.match(out, /deimos was fenced/);
  }
});

function fail(): never {
  throw new Error('the fake desk keeps one record');
}

test('watch prints one table in a pipe, and restores the screen of a terminal', async () => {
  const piped = await run('watch');
  assert.ok(piped.out.startsWith('board1: members 2, victims 0, wait state none\n'));
  assert.not.ok(piped.out.includes('\x1b'));
  const live = await run('watch', fakeDesk(), { interactive: true });
  assert.ok(live.out.startsWith('\x1b[?1049h') && live.out.endsWith('\x1b[?1049l'));
  assert.is(JSON.parse((await run('watch --json')).out).agent, 'board1');
});

test('reload says what was refused, every problem of it, and that nothing was changed', async () => {
  const refused = await run('reload');
  assert.is(refused.code, EXIT.notDone);
  assert.match(refused.err, /nothing was changed:\n {2}agent\.toml:3: too short/);
  const taken = { ...fakeDesk(), reload: async () => ({ ok: true, problems: [] }) };
  const { code, out } = await run('reload --json', taken);
  assert.equal([code, JSON.parse(out)], [EXIT.done, { reloaded: true }]);
});

test('wrong use is exit 2, says what is wrong, and orders nothing', async () => {
  for (const line of [
    'fence',
    'fence deimos extra',
    'fence deimos --incarnation xyz',
    'fence deimos --wait 0',
    'nonsense',
    'ls --nonsense',
    'ls --socket /a --config /b',
    'ls --config /nowhere/fencepost.toml',
    'fence deimos --incarnation 1a2b',
    'fence mars',
    'why mars',
    'why deimos x',
    'history mars',
    'history --last 0',
    'status mars',
    '',
  ]) {
    const desk = fakeDesk();
    const { code, err } = await run(line, desk);
    assert.equal([code, desk.ordered.length], [EXIT.wrongUse, 0], line);
    assert.ok(err.length > 10, line);
  }
});

test('a missing agent is exit 1 and says both ways on; with --json there is JSON, too', async () => {
  const nowhere = join(folder, 'nowhere.sock');
  const ran = await runAt(nowhere, 'fence deimos');
  assert.is(ran.code, EXIT.notDone);
  assert.match(ran.err, /no agent answers on .*nowhere\.sock.*fencepost-agent run.*--config/s);
  assert.is(JSON.parse((await runAt(nowhere, 'ls --json')).out).error.kind, 'absent');
});

test('an agent that hangs up is unknown, exit 3, for questions and orders alike', async () => {
  const path = join(folder, 'mute.sock');
  const mute = createServer((socket) => void socket.on('data', () => socket.destroy()));
  await new Promise<void>((resolve) => mute.listen(path, resolve));
  for (const line of ['ls', 'status', 'why deimos', 'fence deimos']) {
    assert.is((await runAt(path, line)).code, EXIT.unknown, line);
  }
  await new Promise((resolve) => mute.close(resolve));
});

test('help teaches: examples and exit codes in the program and in every command', async () => {
  const top = await run('--help');
  assert.is(top.code, EXIT.done);
  assert.match(top.out, /Examples:[\s\S]*Exit codes: 0 done, 1 not done, 2 wrong use, 3 unknown/);
  for (const word of [
    'ls',
    'status',
    'watch',
    'why',
    'history',
    'doctor',
    'reload',
    'fence',
    'off',
    'on',
  ]) {
    assert.ok(top.out.includes(`  ${word} `), word);
    const { code, out } = await run(`${word} --help`);
    assert.is(code, EXIT.done);
    assert.ok(/Examples?:/.test(out) && out.includes('--json'), word);
    assert.ok(out.includes('Exit codes: 0 done'), word);
  }
  const version = await run('--version');
  assert.equal([version.code, version.out], [EXIT.done, '9.9.9\n']);
});

test.after(forget);
test('ack wants a reason and the whole sentence, and passes both the word and the override on', async () => {
  const person = { interactive: true, types: 'yes' };
  const desk = fakeDesk();
  assert.is((await run('ack deimos', desk)).code, EXIT.wrongUse);
  assert.is((await run('ack deimos --reason INC1', desk)).code, EXIT.wrongUse, 'nobody was asked');
  assert.is((await run('ack deimos --reason INC1', desk, person)).code, EXIT.notDone);
  assert.is(desk.ordered.length, 0);
  const sentence = { interactive: true, types: 'I have seen that deimos has no power' };
  desk.answers = [
    { outcome: 'accepted' },
    { outcome: 'done', proof: 'by-hand', detail: 'by anna' },
  ];
  const ran = await run('ack deimos --reason INC1 --override', desk, sentence);
  assert.is(ran.code, EXIT.done);
  assert.match(ran.out, /acknowledged deimos: by hand; nothing proves that it is off \(by anna\)/);
  assert.equal(desk.ordered[0]?.order.args, { override: true, reason: 'INC1' });
});

test('disable and enable are of one host, or of the whole board', async () => {
  const desk = fakeDesk();
  const answers = [{ outcome: 'accepted' as const }, { outcome: 'done' as const }];
  for (const line of ['disable', 'enable', 'disable deimos --all', 'disable --all --for 2h']) {
    assert.is((await run(line, desk)).code, EXIT.wrongUse, line);
  }
  assert.is(desk.ordered.length, 0);
  desk.answers = [...answers];
  const one = await run('disable deimos --for 2h --reason disks', desk);
  assert.equal([one.code, desk.ordered[0]?.order.host], [EXIT.done, 'deimos']);
  assert.equal(desk.ordered[0]?.order.args, { forS: 7_200, reason: 'disks' });
  assert.match(one.out, /deimos: it is in maintenance/);
  desk.answers = [{ outcome: 'accepted' }, { outcome: 'failed', detail: 'until restart' }];
  const all = await run('disable --all', desk);
  assert.equal([all.code, desk.ordered[1]?.order.host], [EXIT.notDone, '']);
  assert.match(all.out, /only until the agent restarts/);
  desk.answers = [...answers];
  assert.is((await run('enable --all', desk)).code, EXIT.done);
  assert.is(desk.ordered[2]?.order.op, 'enable');
});

test.run();
