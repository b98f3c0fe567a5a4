import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readIncarnation } from '../../host-shim/drivers/boot-id.ts';
import { canHibernate } from '../../host-shim/drivers/hibernation.ts';
import {
  askForGroups,
  askToClaim,
  askToKick,
  askToLeave,
  askToRelease,
  type LeaveWish,
  type ShimService,
  serveShim,
} from '../../host-shim/shim-socket.ts';
import { ok } from '../../protocol/result.ts';
import { built } from '../lib/built.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('fencepost-shim');

const folder = mkdtempSync(join(tmpdir(), 'fencepost-shim-'));
const at = (name: string): string => join(folder, name);

function shim(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const flags = ['--disallow-code-generation-from-strings', '--disable-proto=delete'];
  return spawnSync(process.execPath, [...flags, built('host-shim/main.ts'), ...args], {
    encoding: 'utf8',
  });
}

function shimToml(keysPath: string, host = 'alpha'): string {
  return [
    'schema = 1',
    'version = 1',
    `keys = "${keysPath}"`,
    `[host]\nname = "${host}"\nid = 1`,
    '[agent]\nname = "board1"\nid = 7',
    `[serial]\npath = "${at('no-such-port')}"`,
  ].join('\n');
}

test('check says in order, or names file, line and remedy, with exit 2', () => {
  const keys = at('keys');
  writeFileSync(keys, `host alpha 1 ${Buffer.alloc(32, 1).toString('base64')}\n`, { mode: 0o600 });
  writeFileSync(at('good.toml'), shimToml(keys));
  const good = shim('check', '--config', at('good.toml'));
  assert.is(good.status, 0);
  assert.match(good.stdout, /alpha: guarded by board1, over serial .*no-such-port\n/);
  assert.match(good.stdout, /good\.toml:\d+: .*warning: .*only channel/);
  assert.match(good.stdout, /good\.toml is in order, with 1 warning\.\n$/);
  const json = shim('check', '--config', at('good.toml'), '--json');
  assert.equal([json.status, JSON.parse(json.stdout).host], [0, 'alpha']);
  const dog = '[watchdog]\ndevice = "/dev/watchdog0"\ntimeout = "10s"\n[self_fence]\n';
  writeFileSync(at('dog.toml'), `${shimToml(keys)}\n${dog}`);
  const guarded = shim('check', '--config', at('dog.toml'));
  if (canHibernate()) {
    assert.match(guarded.stdout, /dog\.toml:\d+: self_fence: this machine can hibernate/);
  } else {
    assert.match(guarded.stdout, /by \/dev\/watchdog0 when nothing runs for 10 s\n/);
    assert.match(guarded.stdout, /restarts itself after 30 s without contact, once it had any\n/);
  }
  writeFileSync(at('bad.toml'), shimToml(keys).replace('id = 1', 'id = "one"'));
  const bad = shim('check', '--config', at('bad.toml'));
  assert.is(bad.status, 2);
  assert.match(bad.stdout, /bad\.toml:6: host\.id: /);
  writeFileSync(at('beta.toml'), shimToml(keys, 'beta'));
  const keyless = shim('run', '--config', at('beta.toml'));
  assert.equal([keyless.status, /no key of the host beta/.test(keyless.stderr)], [2, true]);
  const missing = shim('check', '--config', at('nowhere.toml'));
  assert.equal(
    [missing.status, /nowhere\.toml:1: there is no such file/.test(missing.stdout)],
    [2, true],
  );
});

test('wrong use is exit 2, help and version are exit 0 and teach', () => {
  assert.is(shim('beat').status, 2);
  for (const time of ['601', '-1', '0x10', '']) {
    assert.is(shim('leave', '--return-by', time).status, 2, time);
  }
  assert.is(shim('leave', '--reason', 'boredom').status, 2);
  assert.is(shim('claim').status, 2);
  assert.is(shim('claim', 'db', '--wait', '2h').status, 2);
  const help = shim('--help');
  assert.equal(
    [help.status, /run.*check.*leave.*kick.*claim.*release.*groups.*Exit codes/s.test(help.stdout)],
    [0, true],
  );
  assert.is(shim('--version').status, 0);
});

test('leave without a shim is exit 1 and says so', () => {
  const { status, stderr } = shim('leave', '--socket', at('nobody.sock'));
  assert.equal([status, /no shim answers on .*nobody\.sock/.test(stderr)], [1, true]);
});

const noGroups: ShimService['groups'] = {
  claim: async (group) => ({ group, answer: 'silent', holder: 0 }),
  release: async (group) => ({ group, answer: 'silent', holder: 0 }),
  list: () => [],
};

test('wishes to leave and kicks reach the shim whole, and their answers come back', async () => {
  const wishes: LeaveWish[] = [];
  const answers = [true, false];
  let kicks = 0;
  const socket = await serveShim(at('leave.sock'), {
    leave: async (wish) => {
      wishes.push(wish);
      return { told: answers.shift() ?? false };
    },
    kick: () => {
      kicks += 1;
    },
    whyStay: () => undefined,
    groups: noGroups,
    relay: { greeting: () => '{"line":"open"}\n', take: () => ok(undefined) },
    warn: () => {},
  });
  assert.ok(socket.ok);
  const wish: LeaveWish = { reason: 'reboot', returnByS: 300 };
  assert.equal(await askToLeave(at('leave.sock'), wish), { ok: true, value: { told: true } });
  assert.equal(await askToLeave(at('leave.sock'), wish), { ok: true, value: { told: false } });
  assert.equal(wishes, [wish, wish]);
  for (const bad of [
    { reason: 'toString', returnByS: 1 },
    { reason: 'stop', returnByS: 601 },
  ]) {
    const refused = await askToLeave(at('leave.sock'), bad as LeaveWish);
    assert.ok(!refused.ok && refused.kind === 'refused', JSON.stringify(bad));
  }
  assert.is(wishes.length, 2);
  assert.equal(await askToKick(at('leave.sock')), { ok: true, value: 'kicked' });
  assert.is(kicks, 1);
  if (socket.ok) await socket.value.close();
});

test('words about groups reach the shim whole, and a host that holds one does not leave', async () => {
  const asked: unknown[] = [];
  const socket = await serveShim(at('groups.sock'), {
    leave: async () => ({ told: true }),
    kick: () => {},
    whyStay: () => 'this host may hold db',
    groups: {
      claim: async (group, waitMs) => {
        asked.push([group, waitMs]);
        return { group, answer: 'held', holder: 2 };
      },
      release: async (group) => ({ group, answer: 'released', holder: 0 }),
      list: () => [{ group: 'db', id: 5, state: 'held' }],
    },
    relay: { greeting: () => '{"line":"open"}\n', take: () => ok(undefined) },
    warn: () => {},
  });
  const path = at('groups.sock');
  const held = { group: 'db', answer: 'held', holder: 2 };
  assert.equal(await askToClaim(path, 'db', 60_000), { ok: true, value: held });
  assert.equal(asked, [['db', 60_000]]);
  const released = { group: 'db', answer: 'released', holder: 0 };
  assert.equal(await askToRelease(path, 'db'), { ok: true, value: released });
  const list = [{ group: 'db', id: 5, state: 'held' }];
  assert.equal(await askForGroups(path), { ok: true, value: list });
  assert.not((await askToClaim(path, 'db', 3_600_001)).ok);
  const stays = await askToLeave(path, { reason: 'stop', returnByS: 1 });
  assert.ok(!stays.ok && stays.kind === 'refused' && /may hold db/.test(stays.detail));
  if (socket.ok) await socket.value.close();
});

test('the boot id is that of the kernel unless a bench gives its own', () => {
  const [kernel, again] = [readIncarnation(undefined), readIncarnation('')];
  assert.equal(kernel, again);
  assert.ok(kernel.ok && kernel.value > 0 && kernel.value < 2 ** 32);
  const [one, two] = [readIncarnation('life 1'), readIncarnation('life 2')];
  assert.not.equal(one, two);
  assert.equal(one, readIncarnation(' LIFE 1\n'));
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
