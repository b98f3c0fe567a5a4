/** Which configuration may replace the running one, and what `check` says of a file. */
import { readFileSync } from 'node:fs';
import type { AgentConfig } from '../../../firmware-agent/config/config.ts';
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { acceptReload } from '../../../firmware-agent/config/reload.ts';
import { reportCheck } from '../../../firmware-agent/config/report.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('reload and check');
const file = 'firmware-agent/config/agent.example.toml';
const text = readFileSync(file, 'utf8');

function configOf(changed: string): AgentConfig {
  const parsed = parseAgentConfig(changed, file);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const running = configOf(text);

test('the same file again is accepted and changes nothing', () => {
  assert.equal(acceptReload(running, configOf(`${text}\n# a comment\n`)), {
    ok: true,
    value: { changed: false },
  });
});

test('a changed file is refused until its version is larger', () => {
  const changed = text.replace('deadtime = "20s"', 'deadtime = "30s"');
  const refused = acceptReload(running, configOf(changed));
  assert.is(!refused.ok && refused.kind, 'version');
  assert.match(refused.ok ? '' : refused.detail, /Write version = 2/);
  const next = configOf(changed.replace('version = 1', 'version = 2'));
  assert.equal(acceptReload(running, next), { ok: true, value: { changed: true } });
  const back = acceptReload(next, running);
  assert.is(!back.ok && back.kind, 'version');
});

test('another agent, socket, watchdog or state folder needs a restart', () => {
  const next = text.replace('version = 1', 'version = 2');
  const kindOf = (changed: string): string => {
    const result = acceptReload(running, configOf(changed));
    return result.ok ? 'accepted' : result.kind;
  };
  assert.is(kindOf(next.replace('name = "board1"\nid = 1 ', 'name = "board1"\nid = 2 ')), 'agent');
  assert.is(kindOf(next.replace('name = "board1"', 'name = "board2"')), 'agent');
  assert.is(kindOf(next.replace('/run/fencepost/agent.sock', '/run/other.sock')), 'restart');
  assert.is(kindOf(next.replace('timeout = "15s"', 'timeout = "16s"')), 'restart');
  assert.is(kindOf(next.replace('boot = "25s"', 'boot = "24s"')), 'accepted');
  assert.is(kindOf(next.replace('state = "/var/lib/fencepost"', 'state = "/var/x"')), 'restart');
});

test('a good file is reported with what its timers promise', () => {
  const { text: said, exitCode } = reportCheck(parseAgentConfig(text, file), { file, json: false });
  assert.is(exitCode, 0);
  assert.match(
    said,
    /phobos: found dead at most 15\.82 s .* within 7\.6 s, or given up after 12\.6 s; heard again 3\.5 s/,
  );
  const { hosts } = JSON.parse(
    reportCheck(parseAgentConfig(text, file), { file, json: true }).text,
  );
  assert.equal([hosts[1].verdictMs, hosts[1].fencedMs, hosts[1].sessionMs], [15_815, 7_600, 3_500]);
  assert.match(said, /is in order\.$/);
});

test('a bad file is reported with file, line, path, problem and remedy, in both forms', () => {
  const bad = parseAgentConfig(text.replace('warntime = "5s"', 'warntme = "5s"'), file);
  const { text: said, exitCode } = reportCheck(bad, { file, json: false });
  assert.is(exitCode, 2);
  const line = text.slice(0, text.indexOf('warntime')).split('\n').length;
  assert.match(said, `${file}:${line}: timing.warntme: the key is not known here\n    Remove`);
  assert.match(said, /is refused: 1 problem\.$/);
  const json = JSON.parse(reportCheck(bad, { file, json: true }).text);
  assert.equal([json.ok, json.problems[0].line, json.problems.length], [false, line, 1]);
});

test.run();
