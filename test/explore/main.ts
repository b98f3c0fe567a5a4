/**
 * Explores one world to its end: `main WORLD [--quick] [--part=N] [--json] [--max=STATES]`. A counter-example is
 * told as a scenario, with the numbers by which `--replay=ROOT,ACTION,...[,calm]` tells it again.
 */
import { explore, type Found, lineOf, type Report, retell, type World } from './search.ts';
import { NAMES, type Name, type Size, worldOf } from './worlds.ts';

/** Far above the size of any world here; one that passes it is not bounded as it should be. */
const STATES_MAX = 30_000_000;
const CALM_EVERY: Record<Size, number> = { full: 64, quick: 8 };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function flag(name: string): string | undefined {
  const found = process.argv.find((one) => one === `--${name}` || one.startsWith(`--${name}=`));
  return found?.split('=')[1] ?? (found === undefined ? undefined : '');
}

function scenarioOf(text: string): Found['scenario'] {
  const words = text.split(',');
  const isCalm = words.at(-1) === 'calm';
  const [root = 0, ...actions] = words.filter((word) => word !== 'calm').map(Number);
  return { root, actions, isCalm };
}

function tell(world: World<unknown>, { found }: Report): void {
  if (found === undefined) return;
  for (const broken of retell(world, found.scenario, say)) say(`! ${broken}`);
  const { root, actions, isCalm } = found.scenario;
  const numbers = [root, ...actions, ...(isCalm ? ['calm'] : [])].join(',');
  say(`again: make explore ONLY=${world.name} REPLAY=${numbers}`);
}

function run(): boolean {
  const name = process.argv[2] as Name;
  if (!NAMES.includes(name)) throw new Error(`${name} is none of ${NAMES.join(', ')}`);
  const size: Size = flag('quick') === undefined ? 'full' : 'quick';
  const part = flag('part');
  const world = worldOf(name, size, part === undefined ? undefined : Number(part));
  const replay = flag('replay');
  if (replay !== undefined) {
    const broken = retell(world, scenarioOf(replay), say);
    for (const one of broken) say(`! ${one}`);
    return broken.length === 0;
  }
  const statesMax = Number(flag('max') ?? STATES_MAX);
  const isJson = flag('json') !== undefined;
  const report = explore(world, {
    statesMax,
    calmEvery: CALM_EVERY[size],
    ...(isJson ? {} : { tell: say }),
  });
  if (isJson) say(JSON.stringify(report));
  else say(lineOf(report));
  if (!isJson) tell(world, report);
  return report.isEmpty && report.found === undefined;
}

process.exitCode = run() ? 0 : 1;
