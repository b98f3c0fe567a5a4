/**
 * The words behind `fencepost-agent`, and what they ask for.
 *
 * Whoever mistypes a command on a board is told what was wrong and sees how it is done; nothing is begun
 * on half-understood words.
 */
import { parseArgs } from 'node:util';
import { attemptSync } from '../protocol/attempt.ts';

const CONFIG_DEFAULT = '/etc/fencepost/agent.toml';

export type Command =
  | { do: 'help' }
  | { do: 'version' }
  | { do: 'run'; path: string }
  | { do: 'check'; path: string; json: boolean; hardware: boolean }
  | { do: 'replay'; path: string; json: boolean }
  /** Wrong use: the problem, as a sentence without its end. */
  | { do: 'nothing'; problem: string };

/** Reads the words of a command line. */
export function readCommand(args: string[]): Command {
  const parsed = attemptSync(() =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
        json: { type: 'boolean' },
        hardware: { type: 'boolean' },
      },
    }),
  );
  // The first sentence; the rest is advice to programmers.
  if (!parsed.ok) return wrong(parsed.detail.split('. ', 1)[0] ?? '');
  const { values, positionals } = parsed.value;
  if (values.help) return { do: 'help' };
  if (values.version) return { do: 'version' };
  const [command, file, ...more] = positionals;
  const { json = false, hardware = false } = values;
  const path = file ?? CONFIG_DEFAULT;
  if (command === 'replay' && file === undefined) return wrong('say which tape');
  if (more.length > 0) return wrong(`"${more[0]}" is one word too many`);
  if (hardware && command !== 'check') return wrong('--hardware belongs to check');
  if (json && command === 'run') return wrong('--json belongs to check and replay');
  if (command === 'check') return { do: command, path, json, hardware };
  if (command === 'run') return { do: command, path };
  if (command === 'replay') return { do: command, path, json };
  return wrong(
    command === undefined ? 'say run, check or replay' : `there is no command "${command}"`,
  );
}

function wrong(problem: string): Command {
  return { do: 'nothing', problem };
}
