/** The command `fencepost`, with words that make no sense, before a board that obeys. */
import type { Board } from '../../../host-shim/cli/board.ts';
import { glanceOf, hostIn } from '../../../host-shim/cli/glance.ts';
import { runCommand } from '../../../host-shim/cli/program.ts';
import { ok } from '../../../protocol/result.ts';
import { fakeDesk } from '../../lib/fake-desk.ts';
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

const FILES = ['keys', 'doctor'];

export const commandLineTarget: Target = {
  name: 'command-line',
  promise: 'any words before a board that obeys are done, or are wrong use, and that is said',
  covers: /^host-shim\/cli\//,
  bytesMax: 120,
  limitMs: 100,
  seeds: LINES.map(bytesOf),
  words: [...LINES, ...WORDS].map((word) => bytesOf(` ${word} `)),
  run: judgeCommandLine,
};

const desk = fakeDesk();
const view = desk.view();

/** Answers at once, and obeys. */
const board: Board = {
  view: async () => ok(view),
  glance: async (name) => {
    const host = hostIn(view, name);
    return host.ok ? ok(glanceOf(host.value)) : host;
  },
  glances: async () => ok(view.hosts.map(glanceOf)),
  records: async (host) => ok(desk.records(host)),
  order: async ({ incarnation }, accepted) => {
    accepted();
    const end = { outcome: 'done', proof: 'verified', untested: false, detail: '' } as const;
    return ok({ ...end, incarnation, accepted: true });
  },
  keys: async () => ok(desk.keys()),
  facts: async () => ok(desk.facts),
  reload: async () => ok(undefined),
  close: async () => undefined,
};

async function judgeCommandLine(input: Uint8Array): Promise<void> {
  const args = textOf(input)
    .split(' ')
    .filter((word) => word !== '');
  // These work on the files of the machine that this runs on.
  if (args.some((word) => FILES.includes(word)) && !args.includes('--help')) return;
  let said = 0;
  let err = '';
  const code = await runCommand(args, {
    version: '9.9.9',
    connect: async () => ok(board),
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
  must(code === 0 || code === 2, 'before a board that obeys a command is done, or wrong use');
  must(code === 0 || said + err.length > 0, 'who fails says why');
  must(said + err.length < 65_536, 'nobody is told a novel');
}
