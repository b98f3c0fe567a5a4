import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mosquittoBroker } from '../lib/brokers/mosquitto.ts';
import { startRack } from '../lib/rack.ts';
import { pause, until } from '../lib/until.ts';
import { allBeat } from '../scenario/lib/hearing.ts';
import { timing } from '../scenario/lib/timing.ts';

const HOOK = `const { writeFileSync, renameSync } = require('node:fs');
require('node:v8').setFlagsFromString('--expose-gc');
const collect = require('node:vm').runInNewContext('gc');
let n = 0;
process.on('SIGUSR2', () => {
  for (let n = 0; n < 3; n += 1) collect();
  writeFileSync('/tmp/leak/heap-' + process.pid + '.new', String(process.memoryUsage().heapUsed));
  renameSync('/tmp/leak/heap-' + process.pid + '.new', '/tmp/leak/heap-' + process.pid);
});
process.on('SIGWINCH', () => { for (let n = 0; n < 3; n += 1) collect(); n += 1; require('node:v8').writeHeapSnapshot('/tmp/leak/snap-' + process.pid + '-' + n + '.heapsnapshot'); });
`;
async function main(): Promise<void> {
  const mode = process.argv[2] ?? 'broker';
  const rounds = Number(process.argv[3] ?? '100');
  const dir = mkdtempSync('/tmp/leak/d-');
  writeFileSync(join(dir, 'h.cjs'), HOOK);
  process.env['NODE_OPTIONS'] = `--require ${join(dir, 'h.cjs')}`;
  const broker = await mosquittoBroker();
  const hosts = ['deimos', 'phobos'];
  const rack = await startRack({
    hosts,
    timing: timing({ keepaliveMs: 500, deadtimeMs: 4000, holdMs: 1000, drainMs: 1000 }),
    broker: { url: broker.url, protocol: 5 },
    holdUpMs: 100,
    bootMs: 100,
  });
  await allBeat(rack, hosts, ['serial', 'mqtt'], 15000);
  const pids: [string, number][] = [['agent', rack.agent.pid]];
  for (const h of hosts) pids.push([h, (await rack.bench.truth(h)).pid ?? 0]);
  const heap = async (pid: number): Promise<number> => {
    const path = `/tmp/leak/heap-${pid}`;
    rmSync(path, { force: true });
    process.kill(pid, 'SIGUSR2');
    await until(
      'heap',
      async () => {
        await pause(50);
        return existsSync(path);
      },
      20000,
    );
    return Number(readFileSync(path, 'utf8'));
  };
  for (let n = 0; n <= rounds; n += 1) {
    if (n % 10 === 0) {
      const out: string[] = [];
      for (const [name, pid] of pids) out.push(`${name} ${((await heap(pid)) / 1024).toFixed(1)}`);
      console.log(n, out.join('  '));
    }
    if (n === Math.round(rounds * 0.4) || n === rounds) {
      for (const [, pid] of pids.slice(1)) process.kill(pid, 'SIGWINCH');
      await pause(3000);
    }
    if (mode === 'broker') {
      await broker.restart();
      await pause(300);
      await allBeat(rack, hosts, ['serial', 'mqtt'], 15000);
    } else await pause(3000);
  }
  await rack.close();
  await broker.close();
}
void main();
