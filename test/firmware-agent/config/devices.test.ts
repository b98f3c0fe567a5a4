/** What tables of devices may say, driver by driver, and what they may not. */
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('tables of devices');

/** A file with one host; `devices` are the lines of its tables. */
function file(devices: string, keys = ''): string {
  return [
    'schema = 1\nversion = 1',
    '[agent]\nname = "board"\nid = 1',
    '[mqtt]\nurl = "mqtts://broker.example.org"',
    '[hosts.web]\nid = 1\noff_hold = "15s"\nproof = "by-hold"',
    `serial = { path = "/dev/ttyS1" }\n${keys}`,
    devices,
  ].join('\n');
}

function outlet(driver: string, ...lines: string[]): string {
  return `[[hosts.web.outlets]]\ndriver = "${driver}"\n${lines.join('\n')}\n`;
}

function accepted(text: string): NonNullable<ReturnType<typeof configOf>> {
  const config = configOf(text);
  assert.ok(config, told(text).join('\n'));
  return config as NonNullable<typeof config>;
}

function configOf(text: string) {
  const parsed = parseAgentConfig(text, 'agent.toml');
  return parsed.ok ? parsed.config : undefined;
}

function told(text: string): string[] {
  const parsed = parseAgentConfig(text, 'agent.toml');
  const notes = parsed.ok ? [] : parsed.problems;
  return notes.map(({ path, problem, remedy }) => `${path}: ${problem}. ${remedy}`);
}

function refused(text: string, pattern: RegExp): void {
  const notes = told(text);
  assert.is(notes.length, 1, notes.join('\n') || `accepted: ${pattern}`);
  assert.match(notes[0] ?? '', pattern);
}

const IPMI = [
  'program = "/usr/sbin/fence_ipmilan"',
  'options = { ip = "10.0.0.5", username = "fence", lanplus = true, ipport = 623 }',
  'password_file = "/etc/fencepost/ipmi"',
];
const PDU = ['program = "/usr/sbin/fence_apc"', 'options = { ip = "10.0.0.9", plug = "3" }'];

test('a fence agent gets its options as text, and keeps its own time', () => {
  const config = accepted(file(outlet('fence-agent', ...IPMI, 'shares_power = false')));
  assert.equal(config.devices[0]?.outlets, [
    {
      driver: 'fence-agent',
      same: '/usr/sbin/fence_ipmilan ip=10.0.0.5 username=fence lanplus=true ipport=623',
      program: '/usr/sbin/fence_ipmilan',
      options: { ip: '10.0.0.5', username: 'fence', lanplus: 'true', ipport: '623' },
      password: { file: '/etc/fencepost/ipmi' },
      timeLimitMs: 20_000,
    },
  ]);
  assert.is(config.board.hosts[0]?.outlets[0]?.periodMs, 2_000);
});

test('no secret of a fence agent stands in the file', () => {
  const with_ = (option: string): string =>
    file(
      outlet('fence-agent', PDU[0] as string, `options = { ${option} }`, 'shares_power = false'),
    );
  for (const key of ['password', 'passwd', 'snmp-priv-passwd', 'secret_key', 'api_token']) {
    refused(with_(`${key} = "x"`), /a secret must not stand here.*Use password_file/);
  }
  for (const key of ['password_script', 'ssl_insecure', 'identity_file']) {
    accepted(with_(`${key} = "/x"`));
  }
  refused(with_('action = "on"'), /no options of a fence agent.*the action/);
  refused(with_('ip = { a = 1 }'), /no options of a fence agent/);
  refused(with_('ip = "a\\nb=c"'), /no options of a fence agent/);
  refused(
    file(outlet('fence-agent', ...PDU, 'password = "x"', 'shares_power = false')),
    /outlets\[0\]\.password: the key is not known.*"password_file"/,
  );
  refused(
    file(outlet('fence-agent', ...IPMI, 'password_script = "/x"', 'shares_power = false')),
    /two sources/,
  );
});

test('a controller that shares the power of its host is never the only way to cut it', () => {
  const bmc = outlet('fence-agent', ...IPMI, 'shares_power = true');
  const pdu = (level: number): string =>
    outlet('fence-agent', ...PDU, 'shares_power = false', `level = ${level}`);
  refused(file(bmc), /outlets\[0\]\.shares_power: it loses its power with the host.*level = 2/);
  refused(file(bmc + pdu(1)), /shares_power/);
  accepted(file(bmc + pdu(2)));
  refused(file(outlet('fence-agent', ...PDU)), /shares_power: the key is missing/);
});

test('a device that is asked seldom needs a long hold', () => {
  const text = file(outlet('fence-agent', ...PDU, 'shares_power = false'));
  refused(
    text.replace('off_hold = "15s"\n', ''),
    /read every 2 s, too rarely.*"833ms", or lengthen/,
  );
});

const lcus = (plug: string, ...more: string[]): string =>
  outlet('serial-switch', 'path = "/dev/ttyUSB0"', 'model = "lcus"', `plug = ${plug}`, ...more);

test('a serial switch is a row of the table, and knows its plugs', () => {
  const config = accepted(
    file(lcus('"2"', 'contact = "normally-closed"') + lcus('3', 'contact = "normally-open"')),
  );
  const [first, second] = config.devices[0]?.outlets ?? [];
  assert.equal([first?.same, second?.same], ['2 of /dev/ttyUSB0', '3 of /dev/ttyUSB0']);
  assert.equal(config.board.hosts[0]?.outlets[0], {
    name: 'outlet1',
    method: 1,
    readable: true,
    periodMs: 500,
  });
  const hasty = accepted(file(lcus('1', 'contact = "normally-closed"', 'period = "50ms"')));
  assert.is(hasty.board.hosts[0]?.outlets[0]?.periodMs, 500);
  refused(file(lcus('9', 'contact = "normally-closed"')), /this switch has no such plug/);
  refused(file(lcus('1')), /contact: the key is missing/);
  refused(
    file(lcus('1', 'contact = "normally-closed"') + lcus('1', 'contact = "normally-closed"')),
    /already used/,
  );
  const older = file(lcus('1', 'contact = "normally-closed"', 'readable = false'));
  refused(older, /nothing can show that "outlet1" is off/);
});

test('a port has one switch, and none that a host beats on', () => {
  const other = outlet('serial-switch', 'path = "/dev/ttyUSB0"', 'model = "numato"', 'plug = "2"');
  refused(
    file(`${lcus('1', 'contact = "normally-closed"')}${other}contact = "normally-closed"`),
    /outlets\[1\]\.path: another outlet says that this is another switch/,
  );
  const onLine = lcus('1', 'contact = "normally-closed"').replace('/dev/ttyUSB0', '/dev/ttyS1');
  refused(file(onLine), /outlets\[0\]\.path: a host beats on this line/);
});

test('a switch of another model is described where it is used', () => {
  const described = (protocol: string): string =>
    file(
      outlet(
        'serial-switch',
        'path = "/dev/ttyUSB1"',
        'plug = "1"\ncontact = "normally-open"',
        `protocol = { baud = 9600, on = "\\u0001", off = "\\u0000", answer = "100ms"${protocol} }`,
      ),
    );
  const config = accepted(described(', ask = "?", is_on = "1", is_off = "0"'));
  const [device] = config.devices[0]?.outlets ?? [];
  assert.equal(device?.driver === 'serial-switch' && [device.answerMs, device.model], [
    100,
    { baud: 9_600, on: '\x01', off: '\x00', ask: '?', isOn: '1', isOff: '0' },
  ]);
  refused(
    described(', ask = "?", is_on = "(", is_off = "0"'),
    /protocol\.is_on: this is no pattern/,
  );
  refused(described(', ask = "\\u0100"'), /protocol\.ask: this is more than 64 bytes/);
  refused(described(', model = "lcus"'), /protocol\.model: the key is not known/);
  refused(described(''), /nothing can show/);
  const none = described('').replace(/protocol = .*\n/, '');
  refused(none, /one of model and protocol is needed/);
});

const plug = (style: string, ...more: string[]): string =>
  outlet('mqtt-plug', `style = "${style}"`, 'topic = "rack/psu1"', ...more);
const meter = (...more: string[]): string =>
  `[[hosts.web.senses]]\ndriver = "mqtt-plug"\nstyle = "shelly"\ntopic = "rack/psu1"\n` +
  `covers = "host"\n${more.join('\n')}\n`;

test('a plug over MQTT is named by its style, topic and number', () => {
  const devices = ['tasmota', 'shelly', 'zigbee2mqtt'].map((style) => plug(style)).join('');
  const config = accepted(
    file(devices + plug('tasmota', 'plug = 2') + meter('on_above = 8\noff_below = 3')),
  );
  assert.equal(
    config.devices[0]?.outlets.map(({ same }) => same),
    ['tasmota rack/psu1 1', 'shelly rack/psu1 0', 'zigbee2mqtt rack/psu1 ', 'tasmota rack/psu1 2'],
  );
  assert.equal(config.devices[0]?.senses, [
    {
      driver: 'mqtt-plug',
      same: 'shelly rack/psu1 0',
      style: 'shelly',
      topic: 'rack/psu1',
      plug: '0',
      onAboveW: 8,
      offBelowW: 3,
    },
  ]);
  refused(file(plug('sonoff')), /style: this is none of the words/);
  refused(file(plug('shelly').replace('rack/psu1', 'rack/+')), /topic: this is no topic/);
  refused(file(plug('shelly') + meter('on_above = 8')), /off_below: the key is missing/);
  refused(file(plug('shelly') + meter('on_above = 2\noff_below = 3')), /on and off at once/);
  refused(file(plug('shelly') + meter('on_above = 8\noff_below = 0')), /no plug measures that/);
});

test('a plug over MQTT needs the broker of the file', () => {
  const text = file(plug('shelly'), 'silence = "act"\n').replace(/\[mqtt\]\nurl = .*\n/, '');
  refused(text, /outlets\[0\]: the file names no broker\. Add \[mqtt\]/);
});

test.run();
