/** A machine that could sleep on its disk is not armed: its life would not end with its power. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canHibernate } from '../../host-shim/drivers/hibernation.ts';
import { heldAgainst, loadShim } from '../../host-shim/load.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('hibernation');
const folder = mkdtempSync(join(tmpdir(), 'fencepost-sleep-'));
let roots = 0;

const DISK_SWAP = '/dev/nvme0n1p3                          partition\t8388604\t0\t-2';
const FILE_SWAP = '/swap.img                               file\t\t4194300\t0\t-3';
const ZRAM = '/dev/zram0                              partition\t4194300\t0\t100';

interface Kernel {
  state?: string;
  disk?: string;
  swaps?: string[];
}

/** The files of a kernel that can hibernate, but for what is said otherwise. */
function kernel({ state = 'freeze mem disk\n', disk, swaps = [DISK_SWAP] }: Kernel): string {
  roots += 1;
  const root = join(folder, String(roots));
  for (const dir of ['sys/power', 'proc']) mkdirSync(join(root, dir), { recursive: true });
  writeFileSync(join(root, 'sys/power/state'), state);
  if (disk !== '') {
    writeFileSync(join(root, 'sys/power/disk'), disk ?? '[platform] shutdown reboot suspend\n');
  }
  const heading = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority';
  writeFileSync(join(root, 'proc/swaps'), `${[heading, ...swaps].join('\n')}\n`);
  return root;
}

test('a kernel that may, and has swap on a disk to write to, can hibernate; without one it cannot', () => {
  assert.ok(canHibernate(kernel({})));
  assert.ok(canHibernate(kernel({ swaps: [ZRAM, FILE_SWAP] })));
  assert.not(canHibernate(kernel({ disk: '[disabled]\n' })), 'nohibernate, or lockdown');
  assert.not(canHibernate(kernel({ disk: '' })), 'built without it');
  assert.not(canHibernate(kernel({ state: 'freeze mem\n' })));
  assert.not(canHibernate(kernel({ state: '\n' })));
  assert.not(canHibernate(kernel({ swaps: [] })));
  assert.not(canHibernate(kernel({ swaps: [ZRAM] })), 'compressed memory');
  assert.not(canHibernate(join(folder, 'none')), 'a container without these files');
});

test('a self-fence and a watchdog are refused where the machine can hibernate, others are warned', () => {
  const keys = join(folder, 'keys');
  writeFileSync(keys, `host alpha 1 ${Buffer.alloc(32, 1).toString('base64')}\n`, { mode: 0o600 });
  const path = join(folder, 'shim.toml');
  const armed = (...tables: string[]) => {
    const plain = [
      'schema = 1',
      'version = 1',
      `keys = "${keys}"`,
      '[host]\nname = "alpha"\nid = 1',
      '[agent]\nname = "board1"\nid = 7',
      '[serial]\npath = "/dev/ttyS1"',
    ];
    writeFileSync(path, [...plain, ...tables].join('\n'));
    const loaded = loadShim(path, nodeCrypto());
    assert.ok(loaded.ok);
    assert.is(heldAgainst({ canHibernate: () => false }, path, loaded), loaded);
    return heldAgainst({ canHibernate: () => true }, path, loaded);
  };
  const dog = '[watchdog]\ndevice = "/dev/watchdog0"\ntimeout = "10s"';
  for (const tables of [[dog], [dog, '[self_fence]']]) {
    const held = armed(...tables);
    assert.not(held.ok);
    const [problem] = held.ok ? [] : held.problems;
    assert.match(problem?.problem ?? '', /can hibernate/);
    assert.match(problem?.remedy ?? '', /nohibernate.*swapoff/);
    assert.is(problem?.path, tables.length === 1 ? 'watchdog' : 'self_fence');
    assert.is(problem?.line, tables.length === 1 ? 12 : 15);
  }
  const held = armed();
  assert.ok(held.ok && held.warnings.some(({ problem }) => /can hibernate/.test(problem)));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
