/** The board's watchdog as the agent keeps it, on a device that is made up (see watchdog.test.ts). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boardWatchdog } from '../../../firmware-agent/drivers/board-watchdog.ts';
import type { BoardWatchdog } from '../../../firmware-agent/ports/watchdog.ts';
import { foundLater } from '../../../protocol/found-later.ts';
import type { WatchdogSystem } from '../../../protocol/native/watchdog.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite("the board's watchdog");
const folder = mkdtempSync(join(tmpdir(), 'fencepost-watchdog-'));
const file = join(folder, 'agent.toml');
writeFileSync(file, 'schema = 1\n\n[watchdog]\ntimeout = "15s"\ndevice = "/dev/watchdog0"\n');

const at = (said: { problem: string; remedy: string }): string =>
  foundLater(file, ['watchdog', 'device'], said);

interface Bench {
  dog: BoardWatchdog;
  deeds: string[];
  said: string[];
}

function bench({ magicClose = false, openError = '' } = {}): Bench {
  const deeds: string[] = [];
  const said: string[] = [];
  const system: WatchdogSystem = {
    isCharacterDevice: () => true,
    open: () => {
      if (openError !== '') throw Object.assign(new Error(openError), { code: openError });
      deeds.push('open');
      return 7;
    },
    ioctl: (_fd, request, argument) => {
      if (request === 0x80285700) argument.write('bcm2835_wdt\0', 8);
      if (request === 0x80285700) argument.writeUInt32LE(0x8180);
      return 0;
    },
    write: (_fd, text) => void deeds.push(text === 'V' ? 'magic' : 'fed'),
    close: () => void deeds.push('close'),
    nowayout: () => '0',
  };
  const log = {
    info: (words: string) => void said.push(words),
    warn: (words: string) => void said.push(words),
    error: (words: string) => void said.push(`error: ${words}`),
  };
  const config = { device: '/dev/watchdog0', timeoutMs: 15_000, magicClose };
  return { dog: boardWatchdog(config, at, log, system), deeds, said };
}

test('it is opened when it is armed, and says who it is and when it acts', () => {
  const { dog, deeds, said } = bench();
  assert.equal(deeds, []);
  dog.arm();
  assert.is(dog.well(), undefined);
  assert.equal(deeds, ['open']);
  assert.equal(said, ['watchdog: "bcm2835_wdt", /dev/watchdog0, resets after 15 s']);
});

test('an orderly end stops it only where the configuration says so, and says what follows', () => {
  const kept = bench();
  kept.dog.arm();
  kept.dog.end();
  assert.equal(kept.deeds, ['open']);
  assert.match(kept.said.at(-1) ?? '', /resets this board in 15 s unless/);
  const stopped = bench({ magicClose: true });
  stopped.dog.arm();
  stopped.dog.end();
  assert.equal(stopped.deeds, ['open', 'magic', 'close']);
});

test('one that is not there is an error with file and line, an alarm once, and no end', () => {
  for (const [openError, why] of [
    ['ENOENT', /there is no such device/],
    ['EBUSY', /another program has it open/],
  ] as const) {
    const { dog, said } = bench({ openError });
    dog.arm();
    assert.match(said.join('\n'), why);
    assert.ok(said[0]?.startsWith(`error: ${file}:5: watchdog.device: `), said[0]);
    const news = dog.well();
    assert.equal([news?.level, news?.code], ['alarm', 'watchdog']);
    assert.match(news?.text ?? '', why);
    assert.is(dog.well(), undefined);
    dog.end();
    assert.is(said.length, 1);
  }
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
