/**
 * Plays the tape of a fence through the core that decides on this very board, and says whether it
 * decides the same again. Nothing is opened and nothing moves: a core has no hands.
 *
 * The core is handed in, so that this part of the program holds no second copy of it.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { deserialize } from 'node:v8';
import { gunzipSync } from 'node:zlib';
import { attemptSync } from '../protocol/attempt.ts';
import { failure, ok, type Result } from '../protocol/result.ts';
import type { advance } from './core/advance.ts';
import type { Board, Host } from './core/board.ts';
import type { Effect, Event } from './core/events.ts';
import type { Tape } from './tape.ts';

/** What one step did, where it did anything. */
export interface PlayedStep {
  /** Since the tape began. */
  atMs: number;
  event: Event;
  /** What the core wants done, now. */
  effects: readonly Effect[];
  /** Where each host stands after it, by name. */
  hosts: Record<string, string>;
  /** Whether that is what it wanted done then. */
  same: boolean;
}

export interface Played {
  steps: number;
  /** How many steps came out as on the tape. */
  same: number;
  /** Steps that a person wants to see: with effects, or not as on the tape. */
  shown: PlayedStep[];
}

/** Reads a tape; fails with the reason where the file is none. */
export function loadTape(path: string): Result<Tape> {
  const read = attemptSync(() => readFileSync(path));
  if (!read.ok) return read;
  const plain = attemptSync(() => gunzipSync(read.value, { maxOutputLength: TAPE_BYTES_MAX }));
  const tape = plain.ok ? attemptSync(() => deserialize(plain.value) as Partial<Tape>) : plain;
  const isTape = tape.ok && tape.value?.format === 1 && Array.isArray(tape.value.steps);
  return isTape ? ok(tape.value as Tape) : failure('format', 'it is no tape of this version');
}

/** A tape is read on whatever machine a person has at hand; this much it holds at once. */
const TAPE_BYTES_MAX = 256 << 20;

/** Plays a tape to its end, also beyond a step that comes out differently. */
export function play(tape: Tape, core: typeof advance): Played {
  const board = deserialize(tape.board) as Board;
  const [first] = tape.steps;
  const shown: PlayedStep[] = [];
  let same = 0;
  for (const { at, event, effects } of tape.steps) {
    const tried = attemptSync(() => core(board, event, at));
    const now: readonly Effect[] = tried.ok ? tried.value : [{ kind: 'end', why: tried.detail }];
    const isSame = isDeepStrictEqual(now, effects);
    if (isSame) same += 1;
    if (isSame && now.every(isRoutine) && event.kind !== 'order') continue;
    const atMs = at - (first?.at ?? at);
    shown.push({ atMs, event, effects: now, hosts: statesOf(board), same: isSame });
  }
  return { steps: tape.steps.length, same, shown };
}

function isRoutine({ kind }: Effect): boolean {
  return kind === 'round' || kind === 'save' || kind.startsWith('tell-');
}

function statesOf(board: Board): Record<string, string> {
  return Object.fromEntries([...board.hosts.values()].map((it) => [it.settings.name, stateOf(it)]));
}

function stateOf({ life, fence, frozen, finding }: Host): string {
  if (frozen !== undefined) return 'frozen';
  if (fence !== undefined) return `fence ${fence.id}: ${fence.step.at}`;
  if (life.at !== 'present' || finding === undefined) return life.at;
  return finding.at === 'silent' ? `silent, ${finding.bar}` : finding.at;
}

/** The whole story, a line for each step that did anything, and what it comes to. */
export function playedText({ steps, same, shown }: Played): string {
  let was: Record<string, string> = {};
  const lines = shown.flatMap((step) => {
    const moved = Object.entries(step.hosts).filter(([name, state]) => was[name] !== state);
    was = step.hosts;
    const at = `+${(step.atMs / 1_000).toFixed(3)} s`.padStart(11);
    const effects = step.effects.filter((effect) => !isRoutine(effect)).map(effectWords);
    return [
      `${at}  ${eventWords(step.event)}${step.same ? '' : '   (not as it was)'}`,
      ...effects.map((words) => `${' '.repeat(13)}${words}`),
      ...moved.map(([name, state]) => `${' '.repeat(13)}${name} is ${state}`),
    ];
  });
  const verdict =
    same === steps
      ? `${steps} steps, and the core decided in each as it did then.`
      : `${steps - same} of ${steps} steps came out differently from what the board did then.`;
  return [...lines, '', verdict].join('\n');
}

function eventWords(event: Event): string {
  switch (event.kind) {
    case 'heard':
      return `heard: ${event.opened.kind} of host ${event.opened.host} on ${event.opened.channel}`;
    case 'contact':
      return `outlet ${event.outlet} of host ${event.host} reads ${event.value}`;
    case 'sense':
      return `sense ${event.sense} of host ${event.host} reads ${event.value}`;
    case 'order':
      return `order of ${event.order.from.name}: ${event.order.op} host ${event.order.host}`;
    case 'listening':
      return `${event.channel} is ${event.on ? 'heard' : 'not heard'}`;
    default:
      return event.kind;
  }
}

function effectWords(effect: Effect): string {
  switch (effect.kind) {
    case 'news':
      return `${effect.level} ${effect.code}: ${effect.text}`;
    case 'cut':
    case 'restore':
      return `${effect.kind} outlets ${effect.outlets.join(', ')} of host ${effect.host}`;
    case 'answer': {
      const { op, outcome, proof, detail } = effect.answer;
      return `answer to ${op}: ${[outcome, proof, detail].filter((it) => it !== '').join(', ')}`;
    }
    case 'end':
      return `end: ${effect.why}`;
    default:
      return effect.kind;
  }
}
