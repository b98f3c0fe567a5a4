/**
 * The lives of the agent that a host hears on one channel, and when to say HELLO to them.
 *
 * After a restart of the agent the new life must get its session at once, while recorded beacons of
 * dead lives must cost next to nothing. So each life has its own nonce, which also tells from a
 * WELCOME which life answered, and gets one HELLO a second at most.
 */
import type { Instant } from '../instant.ts';
import { sameNonce } from './derive.ts';

/** A life whose last beacon is older than this is not answered any more. */
const HEARD_MS = 3_000;
const LIVES_MAX = 4;
const HELLO_GAP_MS = 1_000;

/**
 * How long one hNonce is kept: at least 2F, so that a HELLO on its way and its repetition open one
 * slot and not two. F is 5 s at most unless a channel is slower than 1.5 s.
 */
const HNONCE_MS = 12_000;

/** A nonce gets more than one WELCOME only where the agent lost a session; each counts once. */
const ANSWERS_MAX = 8;

export interface Life {
  aNonce: Uint8Array;
  /** Of its latest beacon. */
  tick: number;
  heardAt: Instant;
  helloAt: Instant;
  hNonce: Uint8Array | undefined;
  drawnAt: Instant;
  /** The wNonces that answered this hNonce: a repeated WELCOME opens nothing. */
  answers: Uint8Array[];
  /** The keys that it called under, each with its latest tick: those are in its file. */
  calls: { kid: number; tick: number; at: Instant }[];
  /** The key of the last HELLO; under another it is another try. */
  kid: number | undefined;
}

/**
 * Notes a beacon; undefined where it is not newer than the last one, so says nothing. The same tick
 * under another key says that the life has that key, too.
 */
export function heard(
  lives: Life[],
  beacon: { aNonce: Uint8Array; tick: number; kid: number },
  isServed: (aNonce: Uint8Array) => boolean,
  now: Instant,
): Life | undefined {
  const known = lives.find((life) => sameNonce(life.aNonce, beacon.aNonce));
  if (known !== undefined) {
    if (beacon.tick < known.tick) return undefined;
    const before = known.calls.find(({ kid }) => kid === beacon.kid);
    if (before !== undefined && before.tick >= beacon.tick) return undefined;
    known.tick = beacon.tick;
    known.heardAt = now;
    known.calls = [
      ...known.calls.filter(({ kid, at }) => kid !== beacon.kid && now - at <= HEARD_MS),
      callOf(beacon, now),
    ];
    return known;
  }
  if (lives.length === LIVES_MAX) {
    const idle = lives.filter((life) => !isServed(life.aNonce));
    const oldest = idle.reduce((a, b) => (a.heardAt <= b.heardAt ? a : b));
    lives.splice(lives.indexOf(oldest), 1);
  }
  const { aNonce, tick } = beacon;
  const life: Life = {
    aNonce,
    tick,
    heardAt: now,
    helloAt: Number.NEGATIVE_INFINITY,
    hNonce: undefined,
    drawnAt: Number.NEGATIVE_INFINITY,
    answers: [],
    calls: [callOf(beacon, now)],
    kid: undefined,
  };
  lives.push(life);
  return life;
}

function callOf(
  { kid, tick }: { kid: number; tick: number },
  now: Instant,
): { kid: number; tick: number; at: Instant } {
  return { kid, tick, at: now };
}

/** Whether this life called under that key lately. */
export function callsUnder(life: Life, kid: number, now: Instant): boolean {
  return life.calls.some((call) => call.kid === kid && now - call.at <= HEARD_MS);
}

/** When this life may get its next HELLO; undefined once it is no longer heard. */
export function helloDueAt(life: Life, now: Instant): Instant | undefined {
  return now - life.heardAt <= HEARD_MS ? life.helloAt + HELLO_GAP_MS : undefined;
}

/** The nonce for a HELLO that is sent now; `anew` asks for a fresh one, as a rekey must. */
export function nonceFor(
  life: Life,
  { kid, anew }: { kid: number; anew: boolean },
  now: Instant,
  draw: () => Uint8Array,
): Uint8Array {
  life.helloAt = now;
  if (life.hNonce === undefined || anew || kid !== life.kid || now - life.drawnAt >= HNONCE_MS) {
    life.hNonce = draw();
    life.drawnAt = now;
    life.answers = [];
    life.kid = kid;
  }
  return life.hNonce;
}

/** The life that a WELCOME came from; undefined where it answers nothing, or was taken before. */
export function answered(
  lives: Life[],
  welcome: { hNonce: Uint8Array; wNonce: Uint8Array },
): Life | undefined {
  const life = lives.find(
    ({ hNonce }) => hNonce !== undefined && sameNonce(hNonce, welcome.hNonce),
  );
  if (life === undefined || life.answers.length >= ANSWERS_MAX) return undefined;
  if (life.answers.some((wNonce) => sameNonce(wNonce, welcome.wNonce))) return undefined;
  life.answers.push(welcome.wNonce);
  return life;
}
