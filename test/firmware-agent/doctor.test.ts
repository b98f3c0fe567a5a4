/** The facts that the agent gives of itself, from a board that was never started. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentConfig } from '../../firmware-agent/config/config.ts';
import { newBoard } from '../../firmware-agent/core/board.ts';
import { doctorFacts } from '../../firmware-agent/doctor.ts';
import { fenceRecords } from '../../firmware-agent/drivers/records.ts';
import { stateFile } from '../../firmware-agent/drivers/state-file.ts';
import type { DoctorFacts } from '../../protocol/control/doctor.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { keyRing } from '../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { assert, suite } from '../lib/suite.ts';
import { boardOf, guarded, overBroker } from './core/world/settings.ts';

const test = suite('facts for doctor');

const dir = mkdtempSync(join(tmpdir(), 'fencepost-facts-'));

async function factsOf(stateDir: string, saves: boolean): Promise<DoctorFacts> {
  const board = boardOf([guarded(1, 'alpha', { serial: { modem: true } }), overBroker(2, 'beta')]);
  const config = {
    board,
    stateDir,
    keysPath: '/etc/keys',
    mqtt: { url: 'mqtt://b', protocol: 5 },
    devices: [{ host: 1, name: 'alpha', serial: { path: '/dev/x', baud: 9_600, modem: true } }],
  } as unknown as AgentConfig;
  const state = stateFile(stateDir);
  if (saves) await state.save({ some: 'state' }, 'now');
  const key = { role: 'host', owner: 'alpha', kid: 3, sending: true } as const;
  return doctorFacts({
    config,
    ring: keyRing(nodeCrypto(), [{ ...key, secret: () => new Uint8Array(32) }]),
    board: newBoard(board, '00'.repeat(8), monotonicMs()),
    records: fenceRecords(stateDir),
    state,
    paths: () => undefined,
  });
}

test('lines, broker and keys come by name, with what is missing', async () => {
  const { serial, broker, keys } = await factsOf(dir, false);
  assert.equal(
    serial.map(({ host, path, baud, open }) => [host, path, baud, open]),
    [['alpha', '/dev/x', 9_600, false]],
  );
  assert.equal([broker?.open, broker?.echoMs, broker?.url], [false, null, 'mqtt://b']);
  assert.equal(keys[0], { role: 'host', owner: 'alpha', kids: [3], sending: 3 });
  assert.equal(keys[1], { role: 'host', owner: 'beta', kids: [] });
  assert.equal(
    keys.slice(2).map(({ role, owner }) => `${role} ${owner}`),
    ['admin operator', 'order second', 'order third'],
  );
});

test('each host comes with the proofs that are possible, and with its worst case', async () => {
  const [alpha, beta] = (await factsOf(dir, false)).hosts;
  assert.equal(alpha?.ways, { single: false, echo: true, others: true, modem: true, senses: true });
  assert.equal(beta?.ways, {
    single: true,
    echo: false,
    others: false,
    modem: false,
    senses: true,
  });
  assert.equal(alpha?.modem, { seenAsserted: false, seenDropped: false });
  assert.equal([beta?.modem, beta?.worst.verdictMs], [null, 15_815]);
  // A line without a named adapter is proven by nobody.
  assert.equal(
    alpha?.near.map(({ channel, chain }) => [channel, chain]),
    [
      ['serial', null],
      ['mqtt', 'mqtt'],
    ],
  );
});

test('storage is asked anew, and remembers how the last save ended', async () => {
  const good = (await factsOf(join(dir, 'good'), true)).storage;
  assert.equal([good.refusal, good.saved?.failure, good.slots], [null, null, ['valid', 'absent']]);
  const gone = (await factsOf('/dev/null/nothing', true)).storage;
  assert.match(gone.refusal ?? '', /ENOTDIR/);
  assert.match(gone.saved?.failure ?? '', /ENOTDIR/);
});

test('facts are plain data and survive the socket', async () => {
  const facts = await factsOf(dir, false);
  assert.equal(JSON.parse(JSON.stringify(facts)), facts);
});

test.after(() => rmSync(dir, { recursive: true }));
test.run();
