/** What must never be in the world of power, judged by the truth and not by the board's word. */
import type { Answer } from '../../firmware-agent/core/events.ts';
import { UNIT_MS } from './codec.ts';
import { lifeName, type Machine, type Scene, SETTINGS } from './power-state.ts';
import { POWER } from './timing.ts';

const nameOf = (host: number): string => SETTINGS.hosts[host - 1]?.name ?? '';

/** S3, S8, S9 and section 6: a cut has one cause, and that cause is of this life and no older. */
export function judgeCut(scene: Scene, machine: Machine, host: number): void {
  const { state, broken } = scene;
  const fence = state.board?.hosts.get(host)?.fence;
  if (fence === undefined) {
    broken.push(`${nameOf(host)} is cut by no fence`);
    return;
  }
  if (fence.by.kind === 'restart') broken.push(`a restart opened the relay of ${nameOf(host)}`);
  const isLogged = state.synced?.fences.some((one) => one.host === host) === true;
  if (!isLogged && !fence.unlogged) broken.push(`the intent to cut ${nameOf(host)} is on no disk`);
  machine.cutBy = undefined;
  for (const cmdId of fence.orders) {
    const given = state.given.find((one) => one?.order.cmdId === cmdId);
    if (given === undefined) continue;
    if (given.hasCut) broken.push(`order ${cmdId} cut twice`);
    given.hasCut = true;
    if (given.order.life !== lifeName(state.life)) broken.push(`order ${cmdId} of an old life cut`);
    const { boundTo } = given.order.from;
    if (boundTo !== undefined) machine.cutBy = { giver: boundTo, life: given.byLife };
  }
  if (fence.orders.length > 0) return;
  const isKnown = state.live[host - 1] !== undefined;
  if (!isKnown) broken.push(`${nameOf(host)} is cut by a board that never heard it`);
  const quietMs = state.now - (machine.freshAt ?? Number.NEGATIVE_INFINITY);
  const isHeard = machine.at === 'up' && quietMs < POWER.deadtime * UNIT_MS;
  if (isHeard) broken.push(`${nameOf(host)} lives, was heard just now, and is cut by verdict`);
}

/** The life that ends here may have been ended by an order of a host that it had fenced itself. */
export function judgeKill({ state, broken }: Scene, machine: Machine, host: number): void {
  const { cutBy, incarnation } = machine;
  machine.cutBy = undefined;
  if (cutBy === undefined || machine.at === 'off') return;
  machine.killed = { life: incarnation, giver: cutBy.giver, byLife: cutBy.life };
  const other = state.machines[cutBy.giver - 1]?.killed;
  const isCrossed =
    other?.life === cutBy.life && other.giver === host && other.byLife === incarnation;
  if (isCrossed) broken.push('two orders crossed, and both hosts are dead');
}

/** S1: nothing is said of a host that has not been without power for the whole hold. */
export function judgeFenced({ state, broken }: Scene, host: number): void {
  const { darkAt } = state.machines[host - 1] as Machine;
  const darkMs = darkAt === undefined ? 0 : state.now - darkAt;
  if (darkMs >= POWER.hold * UNIT_MS) return;
  broken.push(`${nameOf(host)} is called fenced and was off for ${darkMs / UNIT_MS} units`);
}

/** S1: `done` of a cut means that its host has no power at that moment; a repeated answer is old. */
export function judgeAnswer(scene: Scene, answer: Answer): void {
  const { cmdId, outcome, op, host, proof } = answer;
  if (op === 'on' || outcome !== 'done' || scene.isRepeat) return;
  if (proof === 'none') scene.broken.push(`${cmdId} is done without a proof`);
  const { darkAt } = scene.state.machines[host - 1] as Machine;
  if (darkAt === undefined) scene.broken.push(`${cmdId} is done, and ${nameOf(host)} has power`);
}

/** A life that was reported fenced, or that gave way to a later one, is never a member again. */
export function judgeMember({ state, broken }: Scene): void {
  for (const { settings, life } of state.board?.hosts.values() ?? []) {
    if (life.at === 'absent' || state.live[settings.host - 1] === life.incarnation) continue;
    broken.push(`${settings.name} is a member in life ${life.incarnation}, which is over`);
  }
}
