/** The command `fencepost`: composition only. */
import { userInfo } from 'node:os';
import { attemptSync } from '../../protocol/attempt.ts';
import { VERSION } from '../../protocol/version.ts';
import { connectBoard } from './connect.ts';
import { EXIT } from './exit-code.ts';
import { runCommand } from './program.ts';
import { processTerminal } from './terminal.ts';

/** Whoever used sudo is the person to ask later; a user without an entry is no reason to stop. */
function person(): string {
  const user = attemptSync(() => userInfo().username);
  return process.env['SUDO_USER'] ?? (user.ok ? user.value : 'operator');
}

runCommand(process.argv.slice(2), {
  terminal: processTerminal(),
  version: VERSION,
  connect: (route) => connectBoard(route, person()),
}).then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    // A mistake of ours in the middle of an order leaves open what became of it.
    process.stderr.write(`fencepost: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    process.exitCode = EXIT.unknown;
  },
);
