/** The command `fencepost`, with words that make no sense. `keys` works on files, so it is only asked for help. */
import { runCommand } from '../../../host-shim/cli/program.ts';
import { failure } from '../../../protocol/result.ts';
import { bytesOf, must, type Target, textOf } from '../lib/target.ts';

const LINES = [
  'status',
  'ls --json',
  'fence deimos --yes --wait 5',
  'why deimos',
  'ack deimos --reason T-1',
  'disable deimos --for 30m',
  'enable --all',
  'timer deimos',
  'doctor',
  'reload',
  'history',
  'keys --help',
  '--version',
  'off deimos --override -y',
];
const WORDS = [
  '--json',
  '--yes',
  '--for',
  '--wait',
  '--reason',
  '--override',
  '--all',
  '--',
  '-y',
  '1h',
  '99999999h',
  '-1',
  '--socket=',
  '--config',
  '\u0000',
  '--help',
  'nan',
  '__proto__',
  '--timeout',
  '--mode',
  'kick',
  'set',
  'off',
  'reset',
];

export const commandLineTarget: Target = {
  name: 'command-line',
  promise: 'any words end with one of the four exit codes, and wrong use says what is wrong',
  covers: /^host-shim\/cli\//,
  bytesMax: 120,
  limitMs: 25,
  seeds: LINES.map(bytesOf),
  words: [...LINES, ...WORDS].map((word) => bytesOf(` ${word} `)),
  run: judgeCommandLine,
};

async function judgeCommandLine(input: Uint8Array): Promise<void> {
  const args = textOf(input)
    .split(' ')
    .filter((word) => word !== '');
  if (args.includes('keys') && !args.includes('--help')) return;
  let said = 0;
  let err = '';
  const code = await runCommand(args, {
    version: '9.9.9',
    connect: async () => failure('absent', 'nobody is there'),
    terminal: {
      out: (text) => {
        said += text.length;
      },
      err: (text) => {
        err += text;
      },
      interactive: false,
      outIsTerminal: false,
      input: async () => '',
      ask: async () => '',
      onStop: (stop) => stop(),
      size: () => ({ columns: 80, rows: 24 }),
    },
  });
  must(code >= 0 && code <= 3, 'an exit code is one of four');
  must(code === 0 || said + err.length > 0, 'who fails says why');
  must(said + err.length < 65_536, 'nobody is told a novel');
}
