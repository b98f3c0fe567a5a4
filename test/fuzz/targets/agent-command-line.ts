/** The words behind `fencepost-agent`: nothing runs on a board that was not asked for in so many words. */
import { readCommand } from '../../../firmware-agent/command-line.ts';
import { bytesOf, must, type Target, textOf } from '../lib/target.ts';

const LINES = [
  'run',
  'run agent.toml',
  'check agent.toml --json',
  'check --hardware',
  'replay TAPE',
];
const WORDS = ['--help', '-V', '-hV', '--json=yes', '--no-json', '--', '-', '__proto__', '\u0000'];

export const agentCommandLineTarget: Target = {
  name: 'agent-command-line',
  promise: 'any words are a command that is spelt out in them, or wrong use, and that is said',
  covers: /^firmware-agent\/command-line\.ts#/,
  bytesMax: 120,
  limitMs: 10,
  seeds: LINES.map(bytesOf),
  words: [...LINES, ...WORDS].map((word) => bytesOf(` ${word} `)),
  run: judgeAgentCommandLine,
};

async function judgeAgentCommandLine(input: Uint8Array): Promise<void> {
  const args = textOf(input)
    .split(' ')
    .filter((word) => word !== '');
  const command = readCommand(args);
  if (command.do === 'nothing') {
    must(command.problem !== '', 'who uses it wrong is told how');
    return;
  }
  if (command.do === 'help' || command.do === 'version') return;
  must(args.includes(command.do), 'what it does is a word of the command line');
  const isGiven = args.includes(command.path);
  must(isGiven || command.path === '/etc/fencepost/agent.toml', 'no other file is taken');
  must(command.do !== 'replay' || isGiven, 'no tape is played that nobody named');
  if (command.do !== 'run') must(!command.json || args.includes('--json'), 'JSON was asked for');
}
