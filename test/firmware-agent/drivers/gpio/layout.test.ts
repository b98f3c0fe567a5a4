/** Every offset, size and number of the GPIO interface against the kernel's own header. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONSTANTS, LAYOUT, REQUESTS } from '../../../../firmware-agent/drivers/gpio/uapi.ts';
import { assert, suite } from '../../../lib/suite.ts';

const test = suite('gpio layout');
const HEADER = '/usr/include/linux/gpio.h';

/** A program that prints what the header makes of each name in our tables. */
function program(): string {
  const fields = Object.entries(LAYOUT).flatMap(([struct, { size: _, ...offsets }]) => [
    print(`${struct}.size`, `sizeof(struct ${struct})`),
    ...Object.keys(offsets).map((field) =>
      print(`${struct}.${field}`, `offsetof(struct ${struct}, ${field})`),
    ),
  ]);
  const numbers = [...Object.keys(REQUESTS), ...Object.keys(CONSTANTS)];
  return [
    '#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <linux/gpio.h>',
    'int main(void) {',
    ...fields,
    ...numbers.map((name) => print(name, name)),
    'return 0; }',
  ].join('\n');
}

function print(name: string, expression: string): string {
  return `printf("%s %llu\\n", "${name}", (unsigned long long)(${expression}));`;
}

function ours(): string[] {
  const fields = Object.entries(LAYOUT).flatMap(([struct, offsets]) =>
    Object.entries(offsets).map(([field, at]) => `${struct}.${field} ${at}`),
  );
  const numbers = Object.entries({ ...REQUESTS, ...CONSTANTS });
  return [...fields, ...numbers.map(([name, value]) => `${name} ${value}`)];
}

function compiled(): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-gpio-'));
  try {
    const source = join(dir, 'layout.c');
    writeFileSync(source, program());
    const built = spawnSync(process.env['CC'] ?? 'cc', ['-o', join(dir, 'layout'), source], {
      encoding: 'utf8',
    });
    assert.is(built.status, 0, built.stderr);
    const ran = spawnSync(join(dir, 'layout'), { encoding: 'utf8' });
    return ran.stdout.trim().split('\n');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const title = 'each size, offset, request and flag is that of <linux/gpio.h>';
if (existsSync(HEADER)) {
  test(title, () => assert.equal(compiled().sort(), ours().sort()));
} else test.skip(title, `there is no ${HEADER} (Debian: apt-get install linux-libc-dev)`);

test.run();
