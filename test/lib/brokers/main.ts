/**
 * The embedded broker as a process: `node main.cjs [PORT]` prints one line `{"port":N}` when it
 * listens, and ends at SIGTERM or when its standard input ends, so it never outlives its starter.
 */
import { embeddedBroker } from './embedded.ts';

const end = (): void => process.exit(0);
process.on('SIGTERM', end);
process.stdin.on('end', end).on('error', end).resume();
void embeddedBroker({ port: Number(process.argv[2] ?? 0) }).then(({ port }) =>
  process.stdout.write(`${JSON.stringify({ port })}\n`),
);
