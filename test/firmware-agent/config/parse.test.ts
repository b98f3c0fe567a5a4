/** What agent.toml may say, what it may not, and where it is told. */
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('agent.toml');

const HEAD = 'schema = 1\nversion = 1\n[agent]\nname = "board"\nid = 1\n';
const MQTT = '[mqtt]\nurl = "mqtts://broker.example.org"\n';
let nextId = 0;

/** A host with one outlet and one sense; `keys` stand in its table, `outlet` in that of its outlet. */
function host(name: string, keys = '', { outlet = '', sense = 'covers = "host"' } = {}): string {
  nextId += 1;
  const device = `driver = "bench"\nsocket = "/run/bench"\n`;
  const senses =
    sense === '' ? '' : `[[hosts.${name}.senses]]\n${device}plug = "${name}-sense"\n${sense}\n`;
  return (
    `[hosts.${name}]\nid = ${nextId}\n${keys}\n[[hosts.${name}.outlets]]\n${device}` +
    `plug = "${name}-relay"\n${outlet}\n${senses}`
  );
}

function serial(path: string, more = ''): string {
  return `serial = { path = "/dev/${path}"${more} }\n`;
}

/** Problems, or warnings, as `key path: problem`. */
function told(text: string): string[] {
  const parsed = parseAgentConfig(text, 'agent.toml');
  const notes = parsed.ok ? parsed.warnings : parsed.problems;
  return notes.map(({ path, problem }) => `${path}: ${problem}`);
}

function refused(text: string, pattern: RegExp): void {
  const parsed = parseAgentConfig(text, 'agent.toml');
  assert.not(parsed.ok, `accepted: ${pattern}`);
  const notes = told(text);
  assert.is(notes.length, 1, notes.join('\n'));
  assert.match(notes[0] ?? '', pattern);
}

function warned(text: string, pattern: RegExp): void {
  const parsed = parseAgentConfig(text, 'agent.toml');
  assert.ok(parsed.ok, told(text).join('\n'));
  assert.match(told(text).join('\n'), pattern);
}

const BOTH = serial('ttyS1');

test('the defaults are those of the design', () => {
  const parsed = parseAgentConfig(HEAD + MQTT + host('a', BOTH), 'agent.toml');
  assert.ok(parsed.ok);
  if (!parsed.ok) return;
  const [settings] = parsed.config.board.hosts;
  assert.equal(settings?.timing, {
    keepaliveMs: 1_000,
    warntimeMs: 5_000,
    deadtimeMs: 15_000,
    initdeadMs: 120_000,
    offHoldMs: 5_000,
    drainMs: 2_000,
  });
  assert.is(settings?.silence, 'prove');
  assert.is(settings?.proof, 'verified');
  assert.is(settings?.afterFence, 'restore');
  assert.is(settings?.mqtt, true);
  assert.is(parsed.config.mqtt?.protocol, 5);
  assert.is(parsed.config.keysPath, '/etc/fencepost/keys');
  assert.is(parsed.config.devices[0]?.serial?.baud, 115_200);
});

test('timers come from the host, else from [timing], else from the defaults', () => {
  const text =
    `${HEAD}${MQTT}[timing]\ndeadtime = "6s"\noff_hold = "1s"\n` +
    host('a', `${BOTH}off_hold = "3s"\n`);
  const parsed = parseAgentConfig(text, 'agent.toml');
  const timing = parsed.ok ? parsed.config.board.hosts[0]?.timing : undefined;
  assert.equal([timing?.deadtimeMs, timing?.offHoldMs, timing?.warntimeMs], [6_000, 3_000, 2_000]);
});

test('timers that contradict each other are refused where they stand', () => {
  const timers = (keys: string) => HEAD + MQTT + host('a', BOTH + keys);
  refused(timers('keepalive = "6s"'), /^hosts\.a\.keepalive: deadtime is 15 s, less than three/);
  refused(timers('warntime = "15s"'), /^hosts\.a\.warntime: warntime is 15 s, not less/);
  refused(timers('initdead = "14s"'), /^hosts\.a\.initdead: initdead is 14 s/);
  refused(timers('off_hold = "999ms"'), /^hosts\.a\.off_hold: off_hold is 999 ms/);
  refused(timers('keepalive = "10ms"'), /^hosts\.a\.keepalive: keepalive is 10 ms/);
  refused(timers('off_hold = "300h"'), /^hosts\.a\.off_hold: off_hold and drain are together/);
});

test('a freshness limit that reaches the deadtime is refused, and a hair below is not', () => {
  // F = 2T + 2d = 3 s and P = max(D/3, T + 2d) = 2 s with the broker's 0.5 s.
  const timers = (deadtime: string) =>
    HEAD + MQTT + host('a', `${BOTH}deadtime = "${deadtime}"\nwarntime = "1s"\n`);
  refused(timers('3s'), /^hosts\.a\.deadtime: deadtime is 3 s, but a beat may take 3 s/);
  assert.equal(told(timers('3.01s')), []);
});

test('a proof gap of more than three quarters of the deadtime is refused', () => {
  // T = 0.1 s, d = 1.6 s: F = 3.4 s, P = 3.3 s, and 3/4 D = 3.225 s.
  const text = (deadtime: string) =>
    `${HEAD}${MQTT}delay = "1.6s"\n` +
    host('a', `${BOTH}deadtime = "${deadtime}"\nwarntime = "1s"\nkeepalive = "100ms"\n`);
  refused(text('4.3s'), /^hosts\.a\.deadtime: deadtime is 4\.3 s, but proof .* may pause 3\.3 s/);
  assert.equal(told(text('4.4s')), []);
});

test('the short timers of a demonstration are accepted, for every deadtime that it offers', () => {
  const broker = '[mqtt]\nurl = "mqtt://127.0.0.1:18830"\nprotocol = 4\n';
  for (const deadtimeS of [4, 8, 15, 60]) {
    const timing =
      `[timing]\nwarntime = "${deadtimeS / 2}s"\ndeadtime = "${deadtimeS}s"\n` +
      `initdead = "${1.5 * deadtimeS}s"\noff_hold = "2s"\n`;
    const line = (path: string) => serial(path, `, adapter = "${path}"`);
    const text = HEAD + broker + timing + host('a', line('pts-1')) + host('b', line('pts-2'));
    assert.equal(told(text), []);
    assert.ok(parseAgentConfig(text, 'agent.toml').ok);
  }
});

test('a slow line or broker counts only for the hosts that use it', () => {
  const text = (mqtt: boolean) =>
    `${HEAD}${MQTT}delay = "9s"\n${host('a', `${BOTH}mqtt = ${mqtt}\nsilence = "act"\n`)}`;
  assert.is(
    told(text(true)).some((note) => note.includes('be fresh')),
    true,
  );
  assert.is(
    told(text(false)).some((note) => note.includes('be fresh')),
    false,
  );
  refused(
    `${HEAD}[mqtt]\ndelay = "11s"\nurl = "mqtts://b"\n${host('a', 'deadtime = "60s"\nsilence = "act"')}`,
    /^mqtt\.delay/,
  );
});

test('a host without a channel, or with a broker that is not there, is refused', () => {
  refused(HEAD + host('a'), /^hosts\.a: the host has no channel/);
  refused(HEAD + host('a', `${BOTH}mqtt = true\n`), /^hosts\.a\.mqtt: the file names no broker/);
});

test('silence that could never be proven is refused with both ways out', () => {
  const text = HEAD + host('a', serial('x'));
  const parsed = parseAgentConfig(text, 'agent.toml');
  assert.not(parsed.ok);
  if (parsed.ok) return;
  assert.match(parsed.problems[0]?.problem ?? '', /could never be proven: it has one channel/);
  assert.match(parsed.problems[0]?.remedy ?? '', /second channel.*modem = true.*silence = "act"/);
});

test('silence may be proven by a modem line, or by senses that show a broken wire', () => {
  assert.match(told(HEAD + host('a', serial('x', ', modem = true'))).join(), /has one channel/);
  const sense = { sense: 'covers = "host"\nshows_break = true' };
  warned(HEAD + host('a', serial('x'), sense), /only a loss of power will be found/);
  warned(HEAD + host('a', `${serial('x')}silence = "act"\n`), /the host has one channel/);
});

test('two channels prove nothing while nobody else can be heard on either', () => {
  const local = '[mqtt]\nurl = "mqtt://127.0.0.1:1883"\n';
  refused(HEAD + local + host('a', BOTH), /nothing shows that the board itself hears/);
  const two = host('a', serial('x', ', adapter = "h"')) + host('b', serial('y', ', adapter = "h"'));
  assert.equal(told(HEAD + local + two), []);
  assert.equal(told(`${HEAD}${local}on_board = false\n${host('a', BOTH)}`).length, 1);
});

test('proof "verified" wants a sense for every outlet', () => {
  const text = (keys: string, sense: string) =>
    HEAD + MQTT + host('a', BOTH + keys, { sense, outlet: 'name = "psu"' });
  refused(text('', ''), /^hosts\.a: proof is "verified", and no sense covers "psu"/);
  warned(text('proof = "by-hold"\n', ''), /^hosts\.a\.proof: only the relay itself says .* "psu"/);
  assert.equal(told(text('proof = "by-hold"\n', 'covers = ["psu"]')), []);
  assert.equal(told(text('', 'covers = ["psu"]')), []);
  refused(text('proof = "by-hold"\n', 'covers = ["pus"]'), /covers\[0\]: the host has no outlet/);
});

test('a switch that cannot be read back wants a sense', () => {
  const text = (sense: string) =>
    HEAD + MQTT + host('a', `${BOTH}proof = "by-hold"\n`, { outlet: 'readable = false', sense });
  refused(text(''), /^hosts\.a: nothing can show that "outlet1" is off/);
  assert.equal(told(text('covers = "host"')), []);
});

test('a device that is read too rarely for the off-hold is refused', () => {
  const text = HEAD + MQTT + host('a', BOTH, { outlet: 'period = "1s"' });
  refused(text, /^hosts\.a\.outlets\[0\]\.period: outlet1 is read every 1 s, too rarely/);
});

test('numbers, ports and devices that are used twice are refused', () => {
  const two = host('a', serial('x', ', adapter = "h"')) + host('b', serial('y', ', adapter = "h"'));
  const [a, b] = [nextId - 1, nextId];
  assert.equal(told(HEAD + MQTT + two), []);
  refused(HEAD + MQTT + two.replace(`id = ${b}`, `id = ${a}`), /^hosts\.b\.id: host number/);
  refused(HEAD + MQTT + two.replace('/dev/y', '/dev/x'), /^hosts\.b\.serial\.path: serial port/);
  refused(HEAD + MQTT + two.replace('b-relay', 'a-relay'), /^hosts\.b\.outlets\[0\]: outlets/);
  refused(HEAD + MQTT + two.replace('b-sense', 'a-sense'), /^hosts\.b\.senses\[0\]: senses/);
  const one =
    host('a', BOTH) +
    '[[hosts.a.senses]]\nname = "sense1"\ndriver = "bench"\n' +
    'socket = "/x"\nplug = "p"\ncovers = "host"\n';
  refused(HEAD + MQTT + one, /^hosts\.a\.senses\[1\]\.name: the name "sense1" is used twice/);
});

test('orderers are bound to a host that is there, or are operators', () => {
  const text = (orderer: string) => HEAD + MQTT + host('a', BOTH) + orderer;
  const may = 'id = 1\nmay = ["fence"]\n';
  refused(text(`[orderers.x]\n${may}`), /^orderers\.x: the orderer is bound to no host/);
  refused(text(`[orderers.x]\n${may}host = "b"\n`), /^orderers\.x\.host: there is no host "b"/);
  refused(text(`[orderers.x]\n${may}host = "a"\noperator = true\n`), /^orderers\.x\.operator/);
  refused(text(`[orderers.x]\n${may}host = "a"\nhosts = ["c"]\n`), /^orderers\.x\.hosts\[0\]/);
  refused(
    text(`[orderers.x]\n${may}operator = true\n[orderers.y]\n${may}operator = true\n`),
    /^orderers\.y\.id: orderer number 1 is used twice/,
  );
  assert.equal(told(text(`[orderers.x]\n${may}operator = true\n`)), []);
});

test('a key that two nodes could share is refused in each of its disguises', () => {
  const two = HEAD + MQTT + host('a', serial('x')) + host('b', serial('y'));
  const text = (...orderers: string[]) => two + orderers.join('');
  const orderer = (name: string, keys: string, id = 1) =>
    `[orderers.${name}]\nid = ${id}\nmay = ["fence"]\n${keys}\n`;
  const own = /the key of "a" may cut "a" itself/;
  // Bound to one of the two, it has to cut that one for the other.
  refused(text(orderer('x', 'host = "a"')), own);
  refused(text(orderer('x', 'host = "a"\nhosts = ["b", "a"]')), own);
  // Bound to the same host by a slip of the copy.
  refused(
    text(orderer('x', 'host = "a"\nhosts = ["b"]'), orderer('y', 'host = "a"\nhosts = ["a"]', 2)),
    own,
  );
  // Named for one node and bound to the other, or to none.
  refused(text(orderer('b', 'host = "a"\nhosts = ["b"]')), /has the name of host "b"/);
  refused(text(orderer('b', 'operator = true')), /has the name of host "b"/);
  const good = [
    orderer('a', 'host = "a"\nhosts = ["b"]'),
    orderer('b', 'host = "b"\nhosts = ["a"]', 2),
    orderer('ops', 'operator = true', 3),
  ];
  assert.not.match(told(text(...good)).join(), /orderers/);
  // A node without a key of its own will borrow one.
  warned(text(good[0] ?? ''), /^orderers\.a\.hosts: "b" may be fenced by a and no key is bound/m);
  const looks = '[orderers.x]\nid = 1\nhost = "a"\nmay = ["status"]\n';
  assert.not.match(told(text(looks)).join(), /orderers/);
});

test('off_hold and drain are held against the hold-up that was measured', () => {
  const text = (holdUp: string) => HEAD + MQTT + host('a', `${BOTH}hold_up = "${holdUp}"\n`);
  assert.equal(told(text('2s')), []);
  refused(text('2.1s'), /^hosts\.a\.hold_up: its supply bridges 2\.1 s, and drain is 2 s/);
  assert.match(told(text('2.6s')).join(), /off_hold is 5 s, less than twice that/);
});

test('both channels on one adapter, and hosts that share a feed unseen, are warned about', () => {
  const both =
    host('a', serial('x', ', adapter = "hub1"')) + host('b', serial('y', ', adapter = "hub2"'));
  warned(
    `${HEAD}${MQTT}adapter = "hub1"\n${both}`,
    /^hosts\.a\.serial\.adapter: both channels hang on "hub1"/,
  );
  assert.equal(told(`${HEAD}${MQTT}adapter = "eth0"\n${both}`), []);
  const feed = (name: string, sense: string) =>
    host(name, `${serial(name, `, adapter = "${name}"`)}fate = ["feed"]\n`, { sense });
  const seen = 'covers = "host"\nshows_break = true';
  assert.equal(told(HEAD + MQTT + feed('a', seen) + feed('b', seen)), []);
  assert.equal(told(HEAD + MQTT + feed('a', 'covers = "host"')), []);
  warned(
    HEAD + MQTT + feed('a', seen) + feed('b', 'covers = "host"'),
    /^hosts\.b\.fate: if "feed" fails, a, b are held together, and b cannot show/,
  );
});

test('what this version cannot do yet is refused in so many words', () => {
  const text = (keys: string) => HEAD + MQTT + host('a', BOTH + keys);
  for (const key of ['reference = "x"', 'retry_boot = 3']) {
    refused(text(`${key}\n`), /this version does not support the key yet/);
  }
  refused(`${text('')}[checks]\n`, /^checks: this version does not support/);
});

test('the [mqtt] table is refused where it contradicts itself', () => {
  const text = (keys: string, url = 'mqtts://b') =>
    `${HEAD}[mqtt]\nurl = "${url}"\n${keys}\n${host('a', BOTH)}`;
  refused(text('user = "u"'), /^mqtt\.user: there is a user and no password/);
  refused(text('password_file = "/p"'), /^mqtt: there is a password and no user/);
  refused(text('user = "u"\npassword_file = "/p"\npassword_script = "/s"'), /two sources/);
  refused(text('cert = "/c"'), /cert and key only work together/);
  refused(text('ca = "/c"', 'mqtt://b'), /have no effect without TLS/);
  for (const url of ['http://b', 'b', 'mqtt://', 'mqtt://b:0', 'mqtt://b/x', 'mqtt://b:70000']) {
    refused(text('', url), /^mqtt\.url/);
  }
  refused(text('', 'mqtts://u:secret@b'), /must not stand in the address/);
  warned(text('', 'mqtt://b'), /without TLS/);
});

test('hosts that share one adapter and nothing else are warned about', () => {
  const act = 'silence = "act"\n';
  const shared =
    host('a', act + serial('x', ', adapter = "h"')) +
    host('b', act + serial('y', ', adapter = "h"'));
  warned(HEAD + shared, /a, b have no channel beside adapter "h"/);
  const unnamed = host('a', serial('x')) + host('b', serial('y'));
  warned(HEAD + MQTT + unnamed, /a, b name no serial adapter/);
  warned(HEAD + MQTT.replace('broker.example.org', 'a') + host('a', BOTH), /broker runs on this/);
});

test('a broker on a guarded host is refused where another host could not order without it', () => {
  const onA = MQTT.replace('broker.example.org', 'a');
  const declared = `${MQTT}on_host = "a"\n`;
  const key = (id: number, at: string): string =>
    `[orderers.${at}-pcmk]\nid = ${id}\nhost = "${at}"\nmay = ["fence"]\nhosts = ["${at === 'a' ? 'b' : 'a'}"]\n`;
  const keys = key(1, 'a') + key(2, 'b');
  const act = 'silence = "act"\n';
  const mute = /^hosts\.b: the broker runs on a, so orders of b-pcmk, bound to this host, die/;
  for (const broker of [onA, onA.replace('//a', '//A'), declared]) {
    const lineless = HEAD + broker + host('a', BOTH) + host('b', act);
    refused(lineless + keys, mute);
    warned(lineless + key(1, 'a'), /^hosts\.a\.mqtt: the broker runs on this host/m);
    const lines = host('a', act) + host('b', serial('ttyS2')) + host('c', act);
    warned(HEAD + broker + lines + keys, /^hosts\.a\.mqtt: the broker runs on this host/m);
  }
  const two = host('a', serial('x')) + host('b', serial('y', ', adapter = "h"'));
  refused(HEAD + declared.replace('"a"', '"aa"') + two, /^mqtt\.on_host: there is no host "aa"/);
  const nowhere = `${declared}on_board = true\n`;
  refused(HEAD + nowhere + two, /^mqtt\.on_host: .* on the board and on a host/);
});

test('all errors come at once, in the order of their lines', () => {
  const text =
    `schema = 2\nverison = 1\n[agent]\nname = "a b"\nid = 0\n${MQTT}` +
    host('a', 'silence = 5\ndeadtime = 15\n', { outlet: 'level = 0' }) +
    host('b', `${BOTH}keepalive = "6s"\n`) +
    '[[hosts.c.outlets]]\ndriver = "gpoi"\n[orderers.x]\nid = 1.5\nmay = ["explode"]\n';
  const parsed = parseAgentConfig(text, 'agent.toml');
  const problems = parsed.ok ? [] : parsed.problems;
  assert.equal(problems.map((one) => one.path).sort(), [
    'agent.id',
    'agent.name',
    'hosts.a.deadtime',
    'hosts.a.outlets[0].level',
    'hosts.a.silence',
    'hosts.b.keepalive',
    'hosts.c.id',
    'hosts.c.outlets[0].driver',
    'orderers.x.id',
    'orderers.x.may[0]',
    'schema',
    'verison',
    'version',
  ]);
  const lines = problems.map((one) => one.line);
  assert.equal(
    lines,
    lines.toSorted((a, b) => a - b),
  );
});

test('names of the language itself do no harm as names of hosts', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    const parsed = parseAgentConfig(HEAD + MQTT + host(name, BOTH), 'agent.toml');
    assert.is(parsed.ok && parsed.config.board.hosts[0]?.name, name);
  }
  refused(HEAD + MQTT + host('"a/b"', BOTH).replaceAll('"a/b"-', 'x-'), /cannot be a name/);
});

test('a deadtime that a slow companion makes longer is told', () => {
  const slow = `${BOTH}keepalive = "5s"\n`;
  const quick = `${serial('ttyS2')}deadtime = "6s"\n`;
  const pattern = /^hosts\.q\.deadtime: it is found dead up to 13 s .*deadtime of 6 s: s, which/m;
  warned(HEAD + MQTT + host('s', slow) + host('q', quick), pattern);
  const apart = HEAD + MQTT + host('s', `${slow}mqtt = false\n`) + host('q', quick);
  assert.not.match(
    told(apart.replace('/dev/ttyS1"', '/dev/ttyS1", adapter = "x"')).join(),
    /seldom/,
  );
});

test.run();
