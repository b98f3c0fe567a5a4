/** What `doctor` says of each pattern of facts, and that each has its remedy. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { examine } from '../../../host-shim/cli/doctor/doctor.ts';
import { type Finding, worstOf } from '../../../host-shim/cli/doctor/finding.ts';
import { lookOutside, type Outside, socketSeen } from '../../../host-shim/cli/doctor/outside.ts';
import type { DoctorFacts } from '../../../protocol/control/doctor.ts';
import type { BoardView, ChannelView, HostView } from '../../../protocol/wire/view.ts';
import { fakeDesk } from '../../lib/fake-desk.ts';
import { openPty } from '../../lib/pty.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('doctor');

interface Patient {
  facts: DoctorFacts;
  view: BoardView;
  outside: Outside;
}

/** A board in good order: two hosts heard on both paths. */
function healthy(): Patient {
  const { facts, shown: view } = fakeDesk();
  for (const host of view.hosts) {
    host.senses = [{ name: 'rail', reading: 'on', believed: true }];
    host.channels = (['serial', 'mqtt'] as const).map((channel) => ({
      channel,
      listening: true,
      carried: true,
      quietMs: 250,
      provenMs: 250,
      refused: {},
    }));
  }
  const port = { is: 'port' as const, holders: [] };
  const ports = new Map(facts.serial.map(({ path }) => [path, port]));
  const outside = { ports, keysMode: 0o600, wallMs: Date.UTC(2026, 0, 2), installedMs: 0 };
  return { facts, view, outside };
}

/** All findings after `change`. */
function found(
  change: (patient: Patient & { host: HostView }) => unknown = () => undefined,
): Finding[] {
  const patient = healthy();
  const [host] = patient.view.hosts;
  if (host === undefined) throw new Error('the fake board has hosts');
  change({ ...patient, host });
  return examine(patient.facts, patient.view, patient.outside);
}

/** The one finding that is not in order, which must have a remedy. */
function only(findings: Finding[]): Finding {
  const ill = findings.filter(({ level }) => level !== 'ok');
  assert.is(ill.length, 1, ill.map(({ about, text }) => `${about}: ${text}`).join('\n'));
  const [one] = ill;
  assert.ok((one?.remedy ?? '').length > 10, one?.text);
  return one as Finding;
}

function finds(
  change: Parameters<typeof found>[0],
  expected: Partial<Finding>,
  words: RegExp,
): void {
  const one = only(found(change));
  const { group, about, level } = one;
  assert.equal({ group, about, level, ...expected }, { group, about, level });
  assert.match(`${one.text} | ${one.remedy}`, words);
}

function channelOf(host: HostView, which: 'serial' | 'mqtt'): ChannelView {
  const channel = host.channels.find((one) => one.channel === which);
  if (channel === undefined) throw new Error('the fake host has both channels');
  return channel;
}

function counts(which: 'serial' | 'mqtt', refused: Record<string, number>, quietMs: number | null) {
  return ({ host }: { host: HostView }): void => {
    Object.assign(channelOf(host, which), { refused, quietMs });
  };
}

const SILENT = { group: 'serial', about: 'deimos', level: 'bad' } as const;

test('a board in good order has nothing but ok, and says how long a fence takes', () => {
  const findings = found();
  assert.is(worstOf(findings), 'ok', JSON.stringify(findings.filter((f) => f.level !== 'ok')));
  const text = findings.map((one) => one.text).join('\n');
  assert.match(text, /fenced at most 23\.4 s after its death \(verdict 15\.8 s, .* proof 7\.6 s\)/);
  assert.match(text, /near proof by own echo; near proof by beats of other hosts/);
  assert.match(text, /grade verified, untested until a drill/);
});

test('each pattern of frames has its likely cause', () => {
  finds(counts('serial', { noise: 70 }, null), SILENT, /70 frames came in damaged.*115200.*cable/);
  finds(
    counts('serial', { mac: 9 }, null),
    SILENT,
    /9 frames .* whole and under a wrong key.*"host deimos/,
  );
  finds(counts('serial', { kid: 9 }, 90_000), SILENT, /under a wrong key/);
  finds(counts('serial', { stale: 9 }, 90_000), SILENT, /authentic and old.*held up.*way down/);
  finds(counts('serial', { 'wrong-host': 3 }, 250), SILENT, /3 frames of another host.*swap them/);
  finds(counts('serial', {}, null), SILENT, /nothing was heard in this life.*TX and RX/);
  finds(counts('serial', {}, 90_000), SILENT, /nothing was heard for 90\.0 s.*shim runs on deimos/);
});

test('noise and strange frames on a channel that is heard are worth a look, a few are not', () => {
  const heard = { ...SILENT, level: 'warn' } as const;
  finds(counts('serial', { noise: 70 }, 250), heard, /70 frames came in damaged/);
  finds(counts('serial', { mac: 1 }, 250), heard, /1 frame came in whole and under a wrong key/);
  assert.is(worstOf(found(counts('serial', { noise: 2, stale: 3 }, 250))), 'ok');
});

test('a host that is off, or left in order, is not missed', () => {
  for (const phase of ['off', 'left', 'victim', 'restoring'] as const) {
    const findings = found(({ host }) => {
      host.phase = phase;
      for (const channel of host.channels) channel.quietMs = 900_000;
    });
    assert.not.ok(
      findings.some(({ level }) => level === 'bad'),
      phase,
    );
  }
});

test('a port that is not open says why, and what to do about that', () => {
  const closed =
    (is: 'absent' | 'other' | 'port' | 'hidden', holders: string[] = []) =>
    ({ facts, outside }: Patient): void => {
      const [line] = facts.serial;
      if (line === undefined) throw new Error('the fake board has lines');
      Object.assign(line, { open: false, reason: 'it cannot be opened' });
      (outside.ports as Map<string, unknown>).set(line.path, { is, holders });
    };
  finds(closed('absent'), SILENT, /not open for 60\.0 s: it cannot be opened.*Plug the adapter in/);
  finds(closed('other'), SILENT, /no serial port/);
  finds(closed('port'), SILENT, /group dialout.*getty/);
  finds(closed('port', ['getty (process 7)']), SILENT, /End getty \(process 7\)/);
});

test('a port by a name that may change, or that another program reads, is told', () => {
  finds(
    ({ facts }) => Object.assign(facts.serial[0] ?? {}, { path: '/dev/ttyUSB0' }),
    { ...SILENT, level: 'warn' },
    /another adapter after the next plugging.*by-path/,
  );
  const { path } = healthy().facts.serial[0] ?? { path: '' };
  finds(
    ({ outside }) =>
      void (outside.ports as Map<string, unknown>).set(path, { is: 'port', holders: ['cat'] }),
    SILENT,
    /cat has the port open, too/,
  );
});

test('a broker that is away, mute, or without TLS is told; its hosts are not blamed for it', () => {
  const broker =
    (change: Partial<NonNullable<DoctorFacts['broker']>>) =>
    ({ facts }: Patient): void => {
      Object.assign(facts.broker ?? {}, change);
    };
  const at = { group: 'broker', about: '', level: 'bad' } as const;
  finds(
    broker({ open: false, reason: 'refused' }),
    at,
    /not heard for 60\.0 s: refused.*Start the broker/,
  );
  finds(broker({ echoMs: 9_000 }), at, /own echo is 9\.0 s old.*fencepost\/board1.*ACL/);
  finds(broker({ echoMs: null }), at, /own echo never came back/);
  finds(broker({ url: 'mqtt://b' }), { ...at, level: 'warn' }, /without TLS.*mqtts/);
  assert.is(worstOf(found(broker({ url: 'mqtt://localhost' }))), 'ok');
});

test('keys that others may read, and owners without one, are told; two keys are shown', () => {
  const at = { group: 'keys', level: 'bad' } as const;
  finds(({ outside }) => Object.assign(outside, { keysMode: 0o640 }), at, /mode is 640.*chmod 600/);
  finds(
    ({ facts }) => void facts.keys.push({ role: 'order', owner: 'io', kids: [] }),
    { ...at, about: 'order io' },
    /no key/,
  );
  const two = found(({ facts }) => void facts.keys[0]?.kids.push(2));
  assert.ok(two.some(({ text }) => text === 'sends with key 1; 2 are taken, too'));
});

test('storage that refuses, tears or loses is told, and that fencing goes on', () => {
  const storage =
    (change: Partial<DoctorFacts['storage']>) =>
    ({ facts }: Patient): void => {
      Object.assign(facts.storage, change);
    };
  const at = { group: 'storage', about: '/var/lib/fencepost' } as const;
  finds(storage({ refusal: 'EROFS' }), { ...at, level: 'bad' }, /EROFS.*Fencing goes on/);
  finds(storage({ saved: { ageMs: 1, failure: 'ENOSPC' } }), { ...at, level: 'bad' }, /ENOSPC/);
  finds(
    storage({ slots: ['valid', 'corrupt'] }),
    { ...at, level: 'warn' },
    /1 of 2 slots.*corrupt/,
  );
  finds(storage({ unsaved: 2 }), { ...at, level: 'warn' }, /2 were not written/);
});

test('a wrong clock, and a board that stood still or may sleep, are told, old stalls shown', () => {
  finds(
    ({ outside }) => Object.assign(outside, { wallMs: 0, installedMs: 1 }),
    { group: 'clock', level: 'warn' },
    /1970.*no decision depends on it/,
  );
  const sleeps = ({ outside }: Patient) => Object.assign(outside, { hibernates: true });
  finds(sleeps, { group: 'loop', level: 'warn' }, /can hibernate.*nohibernate/);
  const stall =
    (ageMs: number) =>
    ({ facts }: Patient): void => {
      Object.assign(facts.loop, { stalledMs: 900, stalls: [{ ageMs, lengthMs: 900 }] });
    };
  finds(
    stall(60_000),
    { group: 'loop', level: 'warn' },
    /stood still for 900 ms.*longer than 250 ms/,
  );
  assert.is(worstOf(found(stall(7_200_000))), 'ok');
});

test('a proof that the configuration allows and that is not there now is named', () => {
  const at = { group: 'hosts', about: 'deimos', level: 'warn' } as const;
  const ways =
    (change: Partial<DoctorFacts['hosts'][number]>) =>
    ({ facts }: Patient): void => {
      Object.assign(facts.hosts[0] ?? {}, change);
    };
  const none = { single: false, echo: false, others: false, modem: false, senses: false };
  finds(
    ways({ ways: { ...none, modem: true }, modem: { seenAsserted: true, seenDropped: false } }),
    at,
    /only an order would fence it.*pull and plug its cable once/,
  );
  finds(
    ways({
      near: [{ channel: 'mqtt', chain: 'mqtt', ageMs: 9_000 }],
      ways: { ...none, echo: true },
    }),
    at,
    /own echo/,
  );
  finds(ways({ ways: none }), at, /fencepost-agent check/);
  assert.is(worstOf(found(ways({ ways: none, silence: 'act' }))), 'ok');
});

test('beats of the host itself are no proof that others would be heard', () => {
  const alone = found(({ facts, view }) => {
    for (const one of facts.hosts) one.ways = { ...one.ways, echo: false };
    const phobos = view.hosts[1];
    for (const channel of phobos?.channels ?? []) channel.quietMs = 60_000;
    if (phobos !== undefined) phobos.phase = 'off';
  });
  const about = alone.filter(({ group, level }) => group === 'hosts' && level === 'warn');
  assert.equal(
    about.map((one) => one.about),
    ['deimos'],
  );
  assert.match(about[0]?.remedy ?? '', /beats of another host on the same path/);
});

test('what keeps a fence from being proven is told before the fence', () => {
  const at = { group: 'hosts', about: 'deimos', level: 'bad' } as const;
  const sense =
    (reading: 'off' | 'unknown') =>
    ({ host }: { host: HostView }): void => {
      host.senses = [{ name: 'rail', reading, believed: false }];
    };
  finds(sense('unknown'), at, /rail cannot be read: a fence would end as failed/);
  finds(sense('off'), at, /rail reads off while the host beats/);
  finds(
    ({ host }) => {
      host.outlets = [{ name: 'psu', method: 1, reading: 'unknown' }];
    },
    { ...at, level: 'warn' },
    /outlet psu is not read back/,
  );
  finds(
    ({ host }) => Object.assign(host, { phase: 'frozen' }),
    at,
    /frozen.*order with --override/,
  );
});

test('a board that was told not to fence is bad, a host in maintenance is not', () => {
  finds(
    ({ view }) => Object.assign(view, { disabledBy: 'anna' }),
    { group: 'hosts', about: '', level: 'bad' },
    /anna disabled all fencing.*enable --all/,
  );
  const resting = found(({ host }) => Object.assign(host, { maintenanceMs: 60_000 }));
  assert.is(worstOf(resting), 'ok');
  assert.ok(resting.some(({ text }) => text.startsWith('in maintenance for 60.0 s more')));
});

test('alarms that stand are told, grave ones as bad', () => {
  const alarm =
    (code: string) =>
    ({ view }: Patient): void => {
      view.alarms.push({
        host: 'phobos',
        code,
        text: 'so it is',
        remedy: 'Mend it soon.',
        ageMs: 1,
      });
    };
  finds(alarm('late'), { group: 'alarms', about: 'phobos', level: 'warn' }, /late: so it is/);
  finds(alarm('failed'), { level: 'bad' }, /failed: so it is/);
});

test('the machine is seen as it is: a port, a file, nothing', () => {
  const pty = openPty(() => undefined);
  const { ports } = lookOutside(
    [pty.slavePath, '/etc/passwd', '/dev/none'],
    '/dev/none',
    process.pid,
  );
  assert.is(ports.get(pty.slavePath)?.is, 'port');
  assert.is(ports.get('/etc/passwd')?.is, 'other');
  assert.is(ports.get('/dev/none')?.is, 'absent');
  assert.equal([socketSeen('/nowhere'), socketSeen('/etc/passwd')], ['absent', 'other']);
  pty.close();
});

test('another process that holds a port is named, the agent itself is not', async () => {
  const device = '/dev/full';
  const fd = openSync(device, 'r');
  const child = spawn('sleep', ['60'], { stdio: [fd, 'ignore', 'ignore'] });
  await new Promise((resolve) => child.once('spawn', resolve));
  const holders = (agent: number): string[] =>
    lookOutside([device], '/dev/none', agent).ports.get(device)?.holders ?? [];
  assert.ok(holders(0).some((words) => words.endsWith(`(process ${child.pid})`)));
  assert.not.ok(holders(child.pid ?? 0).some((words) => words.includes(`${child.pid}`)));
  child.kill();
  closeSync(fd);
});

test.run();
