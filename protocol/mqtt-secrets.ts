/**
 * From the `[mqtt]` table to what a connection needs: files read, the password fetched.
 *
 * A password stands in a file or comes from a script, never in a configuration. It is read once,
 * before the first connection, and no message of a failure repeats any of it.
 */
import { execFile } from 'node:child_process';
import { asFailure } from './attempt.ts';
import type { MqttSetup } from './link/mqtt.ts';
import type { MqttSettings } from './mqtt-fields.ts';
import { problemLine } from './problem-text.ts';
import { readFile } from './read-file.ts';
import { failure, ok, type Result } from './result.ts';

export type MqttAccess = Pick<
  MqttSetup,
  'url' | 'protocol' | 'user' | 'password' | 'ca' | 'cert' | 'key'
>;

/** A script that asks a vault over the network gets this long. */
const SCRIPT_MS = 10_000;

/** Reads what the settings name; `detail` says which file or script and what to do. */
export async function mqttAccess(settings: MqttSettings): Promise<Result<MqttAccess>> {
  const access: MqttAccess = { url: settings.url, protocol: settings.protocol };
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = settings[name];
    if (path === undefined) continue;
    const text = textOf(name, path);
    if (!text.ok) return text;
    access[name] = text.value;
  }
  const { user, password } = settings;
  if (user === undefined || password === undefined) return ok(access);
  const secret = 'file' in password ? fromFile(password.file) : await fromScript(password.script);
  return secret.ok ? ok({ ...access, user, password: secret.value }) : secret;
}

function fromFile(path: string): Result<string> {
  const text = textOf('password_file', path);
  return text.ok ? firstLine(text.value, `password_file ${path}`) : text;
}

function textOf(name: string, path: string): Result<string> {
  const file = readFile(path);
  if (file.ok) return ok(file.text);
  return failure('unreadable', `[mqtt] ${name}: ${file.problems.map(problemLine).join(' ')}`);
}

function fromScript(path: string): Promise<Result<string>> {
  return new Promise((resolve) => {
    execFile(path, [], { timeout: SCRIPT_MS, maxBuffer: 65_536 }, (error, stdout) => {
      if (error === null) return resolve(firstLine(stdout, `password_script ${path}`));
      // The message of execFile holds what the script printed on its error output: not ours to show.
      const { kind } = asFailure(error);
      resolve(failure(kind, `password_script ${path} failed; run it by hand to see why`));
    });
  });
}

function firstLine(text: string, source: string): Result<string> {
  const line = text.split('\n', 1)[0]?.replace(/\r$/, '') ?? '';
  return line === '' ? failure('empty', `${source} gave an empty first line`) : ok(line);
}
