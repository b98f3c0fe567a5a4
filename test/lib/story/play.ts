/** After the story, on a terminal: keys do things to the hosts, until q. */
import { relative } from 'node:path';
import { built } from '../built.ts';
import type { Rack } from '../rack.ts';
import type { Screen } from './screen.ts';

/** Resolves when the person has had enough. */
export function play(rack: Rack, screen: Screen, hosts: readonly [string, string]): Promise<void> {
  const [first, second] = hosts;
  const pulled = { first: false };
  screen.footer([
    '',
    `Your turn: [q] quit  [h] hang ${first}  [r] resume it  [f] fence ${second}  [c] cable of ${first}`,
    'or in another shell:',
    `  node ${relative(process.cwd(), built('host-shim/cli/main.ts'))} why ${first} --socket ${rack.dir}/agent.sock`,
  ]);
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    const press = (bytes: Buffer): void => {
      const key = bytes.toString();
      if (key === 'q' || key === '\u0003') {
        stdin.setRawMode(false);
        stdin.off('data', press);
        stdin.pause();
        return resolve();
      }
      if (key === 'h') void rack.bench.host(first, 'hang');
      if (key === 'r') void rack.bench.host(first, 'resume');
      if (key === 'f') void rack.fencepost(['fence', second, '--yes'], 'mqtt');
      if (key !== 'c') return;
      pulled.first = !pulled.first;
      screen.say(`  the cable of ${first} is ${pulled.first ? 'pulled' : 'back'}`);
      void rack.bench.cable(first, { pulled: pulled.first });
    };
    stdin.on('data', press);
  });
}
