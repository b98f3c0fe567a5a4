/**
 * From the `[mqtt]` table to what a connection needs: files read, the password fetched.
 *
 * Each is read once, before the first connection, and no message of a failure repeats any of it.
 */
import type { MqttSetup } from './link/mqtt.ts';
import type { MqttSettings } from './mqtt-fields.ts';
import { problemLine } from './problem-text.ts';
import { notPrivate, readFile } from './read-file.ts';
import { failure, ok, type Result } from './result.ts';
import { readSecret } from './secret.ts';

export type MqttAccess = Pick<
  MqttSetup,
  'url' | 'protocol' | 'user' | 'password' | 'ca' | 'cert' | 'key'
>;

/** Reads what the settings name; `detail` says which file or script and what to do. */
export async function mqttAccess(settings: MqttSettings): Promise<Result<MqttAccess>> {
  const access: MqttAccess = { url: settings.url, protocol: settings.protocol };
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = settings[name];
    if (path === undefined) continue;
    const file = readFile(path, name === 'key' ? notPrivate : undefined);
    if (!file.ok) {
      const why = file.problems.map(problemLine).join(' ');
      return failure('unreadable', `[mqtt] ${name}: ${why}`);
    }
    access[name] = file.text;
  }
  const { user, password } = settings;
  if (user === undefined || password === undefined) return ok(access);
  const secret = await readSecret(password);
  return secret.ok
    ? ok({ ...access, user, password: secret.value })
    : failure(secret.kind, `[mqtt] ${secret.detail}`);
}
