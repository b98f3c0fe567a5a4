/** The command line of `fencepost keys`; its help teaches how a key is changed. */
import { type Command, InvalidArgumentError } from 'commander';
import { failure, type Result } from '../../../protocol/result.ts';
import type { Role } from '../../../protocol/wire/keys.ts';
import { isName } from '../../../protocol/wire/topics.ts';
import type { BoardFailure } from '../board.ts';
import { type CommandSet, finish } from '../command-set.ts';
import {
  addGiven,
  addKey,
  checkFile,
  type KeysCase,
  makeFile,
  makeFileOf,
  type OwnerName,
  retireKey,
  showKey,
  switchKey,
} from '../keys/deeds.ts';

/** What was said about the file and the agent, with every word. */
interface KeysOptions {
  file: string;
  socket?: string;
  json?: boolean;
}

/** Does one deed and sets the exit code. */
type KeysRun = (
  options: KeysOptions,
  deed: (at: KeysCase) => Promise<Result<unknown, BoardFailure>>,
) => Promise<void>;

const FILE_DEFAULT = '/etc/fencepost/keys';

const ROTATION = `
ROLE is host, order or admin; OWNER the name in the configuration; KID the number of a key.
Both ends have the keys that they share in a file of their own; changes take effect at a reload.

To change the key of the host deimos without a missed beat:
  on the board   fencepost keys add host deimos && fencepost reload
                 fencepost keys show host deimos 2 | ssh deimos sudo fencepost keys add --stdin
  on deimos      fencepost keys switch host deimos 2 && kill -HUP "$(pidof -s fencepost-shim)"
  on the board   fencepost keys switch host deimos 2 && fencepost reload
                 fencepost keys check       a day later: says that nothing uses key 1
                 fencepost keys retire host deimos 1 && fencepost reload
  on deimos      fencepost keys retire host deimos 1 --yes
That of an orderer is changed in the same way; its programs read their file at each call.

A key that was stolen is retired at once, with --yes: what was made from it ends at the reload,
and nobody is taken for dead because of that.`;

/** Adds `keys` and its words. */
export function addKeys(set: CommandSet): void {
  const run: KeysRun = async (options, deed) =>
    finish(set, options, await deed(caseOf(set, options)));
  const keys = set.program
    .command('keys')
    .description('make, change and check the keys of hosts and orderers in a keys file')
    .addHelpText('after', ROTATION);
  const words = [
    make(keys, run),
    add(keys, run),
    switchTo(keys, run),
    retire(keys, run),
    show(keys, run),
    check(keys, run),
  ];
  for (const word of words) {
    word
      .option('--file <path>', 'the keys file', FILE_DEFAULT)
      .option('--json', 'print JSON, one document a line, and never ask');
  }
}

/** The agent is asked only where the deed wants to know. */
function caseOf({ setup: { terminal, connect } }: CommandSet, options: KeysOptions): KeysCase {
  const { file, socket, json = false } = options;
  const ask: KeysCase['ask'] = async () => {
    const board = await connect(socket === undefined ? {} : { socket });
    if (!board.ok) return board;
    const keys = await board.value.keys();
    await board.value.close();
    return keys;
  };
  return { terminal, file, json, ask };
}

const SOCKET: [string, string] = ['--socket <path>', 'the socket of the agent on this machine'];

function make(keys: Command, run: KeysRun): Command {
  return keys
    .command('make')
    .argument('[owners...]', 'ROLE:OWNER for each, such as host:deimos', owners)
    .option('--stdin', 'take the keys from standard input')
    .description('make a new keys file, with a key 1 for each owner')
    .addHelpText(
      'after',
      '\nExamples:\n  fencepost keys make host:deimos host:phobos admin:ops' +
        '\n  fencepost keys show host deimos 1 | ssh deimos sudo fencepost keys make --stdin',
    )
    .action((named: OwnerName[] | undefined, options: KeysOptions & { stdin?: boolean }) =>
      run(options, async (at) => {
        const given = named ?? [];
        if (given.length > 0 === (options.stdin === true)) {
          return failure('wrong-use', 'name the owners, or say --stdin');
        }
        return options.stdin ? makeFileOf(at) : makeFile(at, given);
      }),
    );
}

function add(keys: Command, run: KeysRun): Command {
  return keys
    .command('add')
    .argument('[role]', '', role)
    .argument('[owner]', '', owner)
    .option('--kid <number>', 'its number, if not the next', kid)
    .option('--stdin', 'take the keys from standard input, as "show" writes them')
    .description('add a fresh key; the one that is sent with stays as it was')
    .addHelpText('after', '\nExample:\n  fencepost keys add host deimos && fencepost reload')
    .action(
      (
        ofRole: Role | undefined,
        name: string | undefined,
        options: KeysOptions & { kid?: number; stdin?: boolean },
      ) =>
        run(options, async (at) => {
          if (options.stdin) {
            if (ofRole === undefined && options.kid === undefined) return addGiven(at);
            return failure('wrong-use', 'with --stdin the keys bring their names with them');
          }
          if (ofRole !== undefined && name !== undefined) {
            return addKey(at, { role: ofRole, owner: name }, options.kid);
          }
          return failure('wrong-use', 'say whose key: fencepost keys add ROLE OWNER');
        }),
    );
}

function switchTo(keys: Command, run: KeysRun): Command {
  return named(keys.command('switch'))
    .description('send with this key from now on')
    .addHelpText('after', '\nExample:\n  fencepost keys switch host deimos 2')
    .action((ofRole: Role, name: string, number: number, options: KeysOptions) =>
      run(options, async (at) => switchKey(at, { role: ofRole, owner: name, kid: number })),
    );
}

function retire(keys: Command, run: KeysRun): Command {
  return named(keys.command('retire'))
    .option('-y, --yes', 'even if it is in use, or nobody knows')
    .option(...SOCKET)
    .description('remove a key that is not sent with, once nothing has used it for a day')
    .addHelpText('after', '\nExample:\n  fencepost keys retire host deimos 1 && fencepost reload')
    .action(
      (ofRole: Role, name: string, number: number, options: KeysOptions & { yes?: boolean }) =>
        run(options, (at) =>
          retireKey(at, { role: ofRole, owner: name, kid: number }, options.yes === true),
        ),
    );
}

function show(keys: Command, run: KeysRun): Command {
  return named(keys.command('show'))
    .option('--force', 'even to a terminal')
    .description('write one line of the file, with its key, to be carried to the other end')
    .addHelpText(
      'after',
      '\nExample:\n  fencepost keys show host deimos 2 | ssh deimos sudo fencepost keys add --stdin',
    )
    .action(
      (ofRole: Role, name: string, number: number, options: KeysOptions & { force?: boolean }) =>
        run(options, async (at) =>
          showKey(at, { role: ofRole, owner: name, kid: number }, options.force === true),
        ),
    );
}

function check(keys: Command, run: KeysRun): Command {
  return keys
    .command('check')
    .option(...SOCKET)
    .description('say what the file holds, when each key was last used, and what may go')
    .addHelpText('after', '\nExample:\n  fencepost keys check --json | jq .advice')
    .action((options: KeysOptions) => run(options, checkFile));
}

function named(command: Command): Command {
  return command
    .argument('<role>', '', role)
    .argument('<owner>', '', owner)
    .argument('<kid>', '', kid);
}

function role(text: string): Role {
  if (text === 'host' || text === 'order' || text === 'admin') return text;
  throw new InvalidArgumentError('Write host, order or admin.');
}

function owner(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError('Write the name as it stands in the configuration.');
}

function kid(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 0xffff) return Number(text);
  throw new InvalidArgumentError('Write a number from 0 to 65535.');
}

/** Commander hands each of several words over with what came of those before it. */
function owners(text: string, before: OwnerName[] | undefined): OwnerName[] {
  const [first = '', ...rest] = text.split(':');
  return [...(before ?? []), { role: role(first), owner: owner(rest.join(':')) }];
}
