import { monotonicMs } from '../../protocol/link/timers.ts';
import { embeddedBroker } from '../lib/brokers/embedded.ts';
import { startRack } from '../lib/rack.ts';

async function main() {
  const broker = await embeddedBroker();
  const rack = await startRack({
    hosts: ['deimos', 'phobos'],
    timing: {
      keepalive: '1s',
      warntime: '2s',
      deadtime: '4s',
      initdead: '6s',
      off_hold: '2s',
      drain: '2s',
    },
    broker: { url: broker.url, protocol: 4 },
  });
  await rack.agent
    .waitFor('deimos', (l) => l.code === 'heard' && l.host === 'deimos', 8000)
    .catch(console.error);
  await rack.agent
    .waitFor('phobos', (l) => l.code === 'heard' && l.host === 'phobos', 8000)
    .catch(console.error);
  await new Promise((r) => setTimeout(r, 6000));
  const t0 = monotonicMs();
  await rack.bench.host('deimos', 'hang');
  await rack.agent.waitFor('restored', (l) => l.code === 'restored', 20000).catch(console.error);
  await new Promise((r) => setTimeout(r, 3000));
  console.log(await rack.fencepost(['ls']));
  console.log(await rack.fencepost(['fence', 'phobos', '--yes'], 'mqtt'));
  for (const l of rack.agent.lines())
    console.log(l.time, l.level, l.host ?? '', l.code ?? '', l.text);
  for (const e of rack.bench.log()) console.log((e.atMs - t0).toFixed(0), JSON.stringify(e));
  await rack.close();
  await broker.close();
}
void main();
