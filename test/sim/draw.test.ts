/** What the simulator draws is what the product accepts: no world proves anything about another. */
import { parseAgentConfig } from '../../firmware-agent/config/parse.ts';
import type { HostSettings } from '../../firmware-agent/core/settings.ts';
import { prng } from '../lib/prng.ts';
import { assert, suite } from '../lib/suite.ts';
import { drawPlan } from './draw.ts';
import { AREAS, FAULTS } from './faults/all.ts';
import type { Plan } from './plan.ts';

const test = suite('drawn plans');

test('every drawn board is one that `check` accepts, and means the same', () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const plan = drawPlan({ seed, hours: 0 });
    const parsed = parseAgentConfig(tomlOf(plan), 'drawn.toml');
    assert.ok(parsed.ok, `seed ${seed}: ${JSON.stringify(parsed)}`);
    if (!parsed.ok) continue;
    const { board } = parsed.config;
    // What names its devices decides nothing but whether a drill still holds.
    assert.equal(
      board.hosts.map(({ wiring: _, ...host }) => host),
      plan.hosts.map(({ settings }) => settings),
      `seed ${seed}`,
    );
    assert.is(board.brokerOnBoard, plan.board.brokerOnBoard);
    const sorted = (names: Plan['orderers']): Plan['orderers'] =>
      names.toSorted((a, b) => a.orderer - b.orderer);
    assert.equal(sorted(board.orderers), sorted(plan.orderers));
    assert.equal(board.groups, plan.board.groups);
  }
});

test('where the senses of a host may lie, its contacts touch for as long as every reading sees', () => {
  let touches = 0;
  for (let seed = 1; seed <= 150; seed += 1) {
    const plan = drawPlan({ seed, hours: 0 });
    const chance = prng(seed);
    for (let n = 0; n < 10; n += 1) {
      const drawn = FAULTS['relay-bounces']?.draw(chance, plan);
      const host = plan.hosts.find(({ settings }) => settings.host === drawn?.host);
      if (host?.liar !== 'senses') continue;
      touches += 1;
      assert.is(drawn?.with?.['touchMs'], 1_000, `seed ${seed}`);
    }
  }
  assert.ok(touches > 50, `${touches}`);
});

test('there are forty kinds of faults and deeds, and each of them can be drawn', () => {
  const kinds = Object.keys(FAULTS);
  assert.ok(kinds.length >= 40, `${kinds.length} kinds`);
  const all = Object.values(AREAS).flatMap((area) => Object.keys(area));
  assert.is(new Set(all).size, all.length, 'a name is used twice');
  const plans = Array.from({ length: 60 }, (_, n) => drawPlan({ seed: n + 1, hours: 0 }));
  for (const [kind, fault] of Object.entries(FAULTS)) {
    const chance = prng(7);
    const drawn = plans.some((plan) => fault.draw(chance, plan) !== undefined);
    assert.ok(drawn, `${kind} is never drawn`);
  }
});

/** The file that a person would have written for this board. */
function tomlOf({ board, hosts, orderers }: Plan): string {
  const [first] = hosts;
  const mqttMs = first?.settings.delayMs?.mqtt ?? 500;
  return [
    'schema = 1',
    'version = 1',
    '[agent]',
    'name = "board"',
    `id = ${board.agent}`,
    ...(board.matchHoldMs > 0 ? [`match_hold = "${board.matchHoldMs}ms"`] : []),
    '[mqtt]',
    'url = "mqtts://broker.example:8883"',
    `on_board = ${board.brokerOnBoard}`,
    `delay = "${mqttMs}ms"`,
    ...hosts.flatMap(({ settings }) => hostLines(settings)),
    ...orderers.flatMap(({ orderer, name, may, boundTo, hosts: over }) => [
      `[orderers.${name}]`,
      `id = ${orderer}`,
      boundTo === undefined ? 'operator = true' : `host = "host${boundTo}"`,
      `may = ${JSON.stringify(may)}`,
      ...(over === undefined ? [] : [`hosts = ${JSON.stringify(over.map((one) => `host${one}`))}`]),
    ]),
    ...(board.groups ?? []).flatMap(({ group, name, hosts: members }) => [
      `[groups.${name}]`,
      `id = ${group}`,
      `hosts = ${JSON.stringify(members.map((one) => `host${one}`))}`,
    ]),
  ].join('\n');
}

function hostLines(host: HostSettings): string[] {
  const { name, timing, serial, delayMs } = host;
  const device = (plug: string): string[] => [
    'driver = "bench"',
    'socket = "/run/bench.sock"',
    `plug = "${name}-${plug}"`,
  ];
  return [
    `[hosts.${name}]`,
    `id = ${host.host}`,
    `silence = "${host.silence}"`,
    `proof = "${host.proof}"`,
    `after_fence = "${host.afterFence}"`,
    `mqtt = ${host.mqtt}`,
    ...(host.fate.length > 0 ? [`fate = ${JSON.stringify(host.fate)}`] : []),
    ...(host.sick === undefined ? [] : ['sick = "act"', `sicktime = "${host.sick.timeMs}ms"`]),
    `keepalive = "${timing.keepaliveMs}ms"`,
    `warntime = "${timing.warntimeMs}ms"`,
    `deadtime = "${timing.deadtimeMs}ms"`,
    `initdead = "${timing.initdeadMs}ms"`,
    `off_hold = "${timing.offHoldMs}ms"`,
    `drain = "${timing.drainMs}ms"`,
    ...(serial === undefined
      ? []
      : [
          `serial = { path = "/dev/serial/by-id/${name}", adapter = "${serial.adapter}", ` +
            `modem = ${serial.modem}, delay = "${delayMs?.serial}ms" }`,
        ]),
    ...host.outlets.flatMap(({ name: outlet, method, readable, periodMs }) => [
      `[[hosts.${name}.outlets]]`,
      ...device(`outlet-${outlet}`),
      `name = "${outlet}"`,
      `level = ${method}`,
      `readable = ${readable}`,
      `period = "${periodMs}ms"`,
    ]),
    ...host.senses.flatMap(({ name: sense, covers, periodMs, showsBreak }) => [
      `[[hosts.${name}.senses]]`,
      ...device(`sense-${sense}`),
      `name = "${sense}"`,
      `covers = ${JSON.stringify(covers)}`,
      `period = "${periodMs}ms"`,
      `shows_break = ${showsBreak}`,
    ]),
    ...host.pulses.flatMap(({ name: line, kind }) => [
      `[[hosts.${name}.pulses]]`,
      ...device(`line-${line}`),
      `name = "${line}"`,
      `kind = "${kind}"`,
    ]),
  ];
}

test.run();
