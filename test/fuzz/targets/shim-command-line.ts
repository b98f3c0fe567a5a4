/** The words behind `fencepost-shim`: no server leaves, or takes a group, that was not told to in so many words. */
import { obeyShim } from '../../../host-shim/command-line.ts';
import { bytesOf, must, type Target, textOf } from '../lib/target.ts';

const LINES = [
  'run --config shim.toml',
  'check --json',
  'leave --reason reboot --return-by 300',
  'leave --reason=off --socket s',
  'kick --socket s',
  'claim db --wait 60s',
  'release db',
  'groups --json',
];
const WORDS = [
  '--help',
  'help',
  '-V',
  '--no-json',
  '--wait=',
  '1h',
  '99999999h',
  '-1',
  '1e3',
  '0x10',
  '--',
  '__proto__',
  'constructor',
  '\u0000',
];
const LEAVE_S_MAX = 600;
const WAIT_MS_MAX = 3_600_000;

export const shimCommandLineTarget: Target = {
  name: 'shim-command-line',
  promise: 'any words are a command that is spelt out in them, or wrong use, and that is said',
  covers: /^host-shim\/command-line\.ts#/,
  bytesMax: 120,
  limitMs: 100,
  seeds: LINES.map(bytesOf),
  words: [...LINES, ...WORDS].map((word) => bytesOf(` ${word} `)),
  run: judgeShimCommandLine,
};

/** Thrown where the program would end. */
const ENDED = new Error('ended');

async function judgeShimCommandLine(input: Uint8Array): Promise<void> {
  const args = textOf(input)
    .split(' ')
    .filter((word) => word !== '');
  const done: string[] = [];
  let said = '';
  let code: number | undefined;
  const does = (name: string): void => {
    must(args.includes(name), 'what it does is a word of the command line');
    done.push(name);
  };
  const hear = (text: string): void => {
    said += text;
  };
  await obeyShim(
    args,
    {
      run: () => does('run'),
      check: () => does('check'),
      kick: () => does('kick'),
      leave: ({ reason, returnBy }) => {
        does('leave');
        must(['stop', 'reboot', 'off'].includes(reason), 'who leaves says why');
        must(Number.isInteger(returnBy), 'a time of return is whole seconds');
        must(returnBy >= 0 && returnBy <= LEAVE_S_MAX, 'nobody waits longer than that');
      },
      claim: (_, group, waitMs) => {
        does('claim');
        must(args.includes(group), 'no group is claimed that nobody named');
        must(waitMs >= 0 && waitMs <= WAIT_MS_MAX, 'no claim waits longer than that');
      },
      release: (_, group) => {
        does('release');
        must(args.includes(group), 'no group is released that nobody named');
      },
      groups: () => does('groups'),
    },
    {
      out: hear,
      err: hear,
      end: (exitCode) => {
        code = exitCode;
        throw ENDED;
      },
    },
  ).catch((why: unknown) => {
    if (why !== ENDED) throw why;
  });
  must(code === undefined ? done.length === 1 : done.length === 0, 'one thing is done, or none');
  must(code === undefined || code === 0 || code === 2, 'it is help, or wrong use');
  must(code === undefined || said !== '', 'who uses it wrong is told how');
}
