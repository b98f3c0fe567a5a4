import { quickCrypto } from '../crypto.ts';
import { planFor } from '../play.ts';
import { makeWorld, run } from '../world/world.ts';
import { printPlan } from '../plan-text.ts';
const [seed, from, to, step, host] = process.argv.slice(2).map(Number) as [number, number, number, number, number];
const plan = planFor(seed, { hours: 0 });
if (process.env['PRINT']) process.stdout.write(printPlan(plan));
const w = makeWorld(plan, { crypto: quickCrypto(), witnesses: [] });
run(w, from);
for (let at = from; at <= to; at += step) {
  run(w, at);
  const h = w.board.process?.board.hosts.get(host);
  const m = w.machines[w.indexOf[host] ?? 0];
  console.log(at, JSON.stringify({ finding: h?.finding && { ...h.finding, evidence: undefined }, life: h?.life, fence: h?.fence?.step, held: h?.held, frozen: h?.frozen, m: m?.at, pow: m?.powered, frozenm: m?.frozen, shim: m?.shim?.stage, relays: m?.relays.map((r) => r.really), so: m?.switchedOff }));
}
