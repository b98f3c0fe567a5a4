/** What agent.toml must say before a host may fence itself for want of contact with this board. */
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { reportCheck } from '../../../firmware-agent/config/report.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('self-fence and watchdog in agent.toml');

const DEVICE = 'driver = "bench"\nsocket = "/run/bench"\n';
const WATCHDOG = '[watchdog]\ndevice = "/dev/watchdog0"\ntimeout = "15s"\nboot = "20s"\n';

interface Terms {
  /** In the table of the host. */
  keys: string;
  watchdog?: string;
  /** In the table of the broker; undefined for none at all. */
  mqtt?: string | undefined;
}

/** Problems of a board with one host, as `key path: problem remedy`. */
function told({ keys, watchdog = WATCHDOG, mqtt = 'on_board = false' }: Terms): string[] {
  const broker = mqtt === 'none' ? '' : `[mqtt]\nurl = "mqtts://broker.example.org"\n${mqtt}\n`;
  const text =
    `schema = 1\nversion = 1\n[agent]\nname = "board"\nid = 1\n${broker}${watchdog}` +
    `[hosts.a]\nid = 1\nserial = { path = "/dev/ttyS1" }\nsilence = "act"\n${keys}\n` +
    `[[hosts.a.outlets]]\n${DEVICE}plug = "relay"\n` +
    `[[hosts.a.senses]]\n${DEVICE}plug = "sense"\ncovers = "host"\n`;
  const parsed = parseAgentConfig(text, 'agent.toml');
  if (parsed.ok) return [];
  return parsed.problems.map(({ path, problem, remedy }) => `${path}: ${problem} ${remedy}`);
}

test('the sum is that of a hanging board: its watchdog, its boot, a session, and a deadtime', () => {
  // 15 + 20 + (2 * 1 + 3 * 0.5) + 15
  const [problem = ''] = told({ keys: 'self_fence = "53.4s"' });
  assert.match(
    problem,
    /^hosts\.a\.self_fence: 53\.4 s is too short: .* 53\.5 s \(15 s .* 20 s .* 3\.5 s .* 15 s .*"54s"/,
  );
  assert.equal(told({ keys: 'self_fence = "53.5s"' }), []);
  assert.equal(told({ keys: 'self_fence = "43.5s"\ndeadtime = "5s"\nwarntime = "2s"' }), []);
});

test('without a known time of return of the board no host may fence itself', () => {
  for (const watchdog of ['', WATCHDOG.replace(/boot.*/, '')]) {
    const [problem = '', ...more] = told({ keys: 'self_fence = "10m"', watchdog });
    assert.equal(more, []);
    assert.match(
      problem,
      /^hosts\.a\.self_fence: nothing says how soon .*device, timeout and boot/,
    );
    assert.equal(told({ keys: '', watchdog }), []);
  }
  const wrong = WATCHDOG.replace('"20s"', '20');
  const problems = told({ keys: 'self_fence = "10m"', watchdog: wrong });
  assert.is(problems.length, 1, problems.join('\n'));
  assert.match(problems[0] ?? '', /^watchdog\.boot: /);
});

test('a host whose every contact hangs on the board says that it knows', () => {
  const fence = 'self_fence = "10m"';
  const known = `${fence}\nself_fence_shared_fate = true`;
  const broker = told({ keys: fence, mqtt: 'on_board = true' });
  assert.match(broker.join(), /^hosts\.a\.self_fence: the broker runs on the board: .*shared_fate/);
  const alone = told({ keys: fence, mqtt: 'none' });
  assert.match(alone.join(), /^hosts\.a\.self_fence: the host has no broker: /);
  const deaf = told({ keys: `${fence}\nmqtt = false` });
  assert.match(deaf.join(), /the host has no broker/);
  for (const mqtt of ['on_board = true', 'none']) assert.equal(told({ keys: known, mqtt }), []);
  assert.equal(told({ keys: `${known}\nmqtt = false` }), []);
  // The arithmetic holds all the same.
  const short = known.replace('10m', '30s');
  assert.match(told({ keys: short, mqtt: 'none' }).join(), /30 s is too short/);
});

test('by-timeout rests on a self-fence whose board is known to be its only contact', () => {
  const proof = 'proof = "by-timeout"\n';
  const fence = 'self_fence = "10m"\nself_fence_shared_fate = true\n';
  assert.equal(told({ keys: proof + fence }), []);
  assert.equal(told({ keys: proof + fence, mqtt: 'none' }), []);
  assert.match(told({ keys: proof }).join(), /^hosts\.a\.proof: it rests on .*by_timeout = true/);
  const unknown = told({ keys: `${proof}self_fence = "10m"` }).join();
  assert.match(unknown, /^hosts\.a\.proof: the board is then its only contact.*shared_fate = true/);
  const kept = told({ keys: `${proof}${fence}after_fence = "stay-off"` }).join();
  assert.match(kept, /^hosts\.a\.after_fence: .*cannot be kept off/);
  assert.match(told({ keys: proof + fence.replace('10m', '30s') }).join(), /30 s is too short/);
});

test('a host without outlets is taken where it may be proven dead by timeout, and nowhere else', () => {
  const text = (keys: string): string =>
    `schema = 1\nversion = 1\n[agent]\nname = "b"\nid = 1\n${WATCHDOG}` +
    `[hosts.a]\nid = 1\nserial = { path = "/dev/ttyS1" }\nsilence = "act"\n${keys}\n`;
  const fence = 'self_fence = "60s"\nself_fence_shared_fate = true\n';
  const taken = parseAgentConfig(text(`proof = "by-timeout"\n${fence}`), 'agent.toml');
  assert.ok(taken.ok);
  const report = reportCheck(taken, { file: 'agent.toml', json: false }).text;
  // 60 s and twice the clock error, two keepalives, two judge ticks.
  assert.match(report, /by timeout fenced 62\.22 s, and twice the timeout of its own watchdog/);
  assert.not.match(report, /then fenced within/);
  for (const proof of ['', 'proof = "by-hold"\n', 'proof = "verified"\n']) {
    const refused = parseAgentConfig(text(proof + fence), 'agent.toml');
    const problems = refused.ok ? [] : refused.problems;
    assert.ok(problems.some(({ problem }) => problem === 'the host has no outlets'));
  }
});

test('a shared fate without a self-fence is refused', () => {
  assert.match(
    told({ keys: 'self_fence_shared_fate = true' }).join(),
    /^hosts\.a\.self_fence_shared_fate: the host has no self_fence/,
  );
  assert.equal(told({ keys: 'self_fence_shared_fate = false' }), []);
});

test("the board's watchdog takes whole seconds from 15 on, and stops only where that is said", () => {
  const timeout = (text: string): string[] =>
    told({ keys: '', watchdog: WATCHDOG.replace('"15s"', `"${text}"`) });
  for (const wrong of ['14s', '15.5s', '601s'])
    assert.match(timeout(wrong).join(), /^watchdog\.timeout: no watchdog takes this time/);
  for (const right of ['15s', '10m']) assert.equal(timeout(right), []);
  const text = (lines: string): string =>
    `schema = 1\nversion = 1\n[agent]\nname = "b"\nid = 1\n[watchdog]\n${lines}\n` +
    `[hosts.a]\nid = 1\nserial = { path = "/dev/ttyS1" }\nsilence = "act"\n` +
    `[[hosts.a.outlets]]\n${DEVICE}plug = "r"\n[[hosts.a.senses]]\n${DEVICE}plug = "s"\ncovers = "host"\n`;
  const lines = 'device = "/dev/watchdog0"\ntimeout = "15s"';
  const plain = parseAgentConfig(text(lines), 'agent.toml');
  const magic = parseAgentConfig(text(`${lines}\nmagic_close = true`), 'agent.toml');
  const dog = { device: '/dev/watchdog0', timeoutMs: 15_000 };
  assert.equal(plain.ok && plain.config.watchdog, { ...dog, magicClose: false });
  assert.equal(magic.ok && magic.config.watchdog, { ...dog, magicClose: true });
});

test.run();
