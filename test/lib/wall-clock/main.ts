/**
 * Loaded into a program before its own code: its wall clock is wrong by WALL_AHEAD_MS, and with
 * WALL_LEAPS it is in another year each second. No promise may rest on the wall clock, so nothing
 * that is judged may notice.
 */
const aheadMs = Number(process.env['WALL_AHEAD_MS'] ?? 0);
const leaps = process.env['WALL_LEAPS'] === '1';

const YEARS_MS = 20 * 365 * 86_400_000;
const right = Date.now;

function now(): number {
  const really = right();
  if (!leaps) return really + aheadMs;
  const second = Math.floor(really / 1_000);
  // Anything that looks like chance and is the same for a whole second.
  const share = (Math.imul(second, 0x9e3779b9) >>> 0) / 2 ** 32;
  return Math.floor(really + aheadMs + (share - 0.5) * YEARS_MS);
}

globalThis.Date = new Proxy(Date, {
  construct: (real, given) => Reflect.construct(real, given.length === 0 ? [now()] : given),
  apply: () => new Date(now()).toString(),
  get: (real, name) => (name === 'now' ? now : Reflect.get(real, name)),
});
