/** What may be said to `fencepost-agent`, and what is told to whoever says something else. */
import { readCommand } from '../../firmware-agent/command-line.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('agent command line');

const FILE = '/etc/fencepost/agent.toml';

test('each command is read with its file and its options', () => {
  const words = (line: string) => readCommand(line.split(' ').filter((word) => word !== ''));
  assert.equal(words('run'), { do: 'run', path: FILE });
  assert.equal(words('run a.toml'), { do: 'run', path: 'a.toml' });
  const check = { do: 'check', path: 'a.toml', json: false, hardware: false };
  assert.equal(words('check a.toml'), check);
  assert.equal(words('check --json --hardware a.toml'), { ...check, json: true, hardware: true });
  assert.equal(words('replay tape --json'), { do: 'replay', path: 'tape', json: true });
  assert.equal(words('run --help'), { do: 'help' });
  assert.equal(words('-V'), { do: 'version' });
});

test('anything else is wrong use, and the first thing that is wrong is named', () => {
  const wrong: [line: string, problem: RegExp][] = [
    ['', /say run, check or replay/],
    ['walk', /there is no command "walk"/],
    ['replay', /say which tape/],
    ['run a b c', /"b" is one word too many/],
    ['run --hardware', /--hardware belongs to check/],
    ['run --json', /--json belongs to check and replay/],
    ['check --jsno', /Unknown option '--jsno'/],
  ];
  for (const [line, problem] of wrong) {
    const read = readCommand(line.split(' ').filter((word) => word !== ''));
    assert.is(read.do, 'nothing', line);
    if (read.do === 'nothing') assert.match(read.problem, problem);
  }
});

test.run();
