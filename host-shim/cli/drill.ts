/**
 * A drill at commissioning: cut the power of one host on purpose, and see that it goes off, that
 * nobody else does, and that it comes back. The board judges what it saw; here a person is asked
 * first, told what happens meanwhile, and given a report with the times to write down.
 */
import { writeFileSync } from 'node:fs';
import { attemptSync } from '../../protocol/attempt.ts';
import { after, monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { DrillView, HostView } from '../../protocol/wire/view.ts';
import type { Board, BoardFailure } from './board.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { hostIn } from './glance.ts';
import { showSteps } from './order.ts';
import type { Terminal } from './terminal.ts';
import { incarnationName, jsonLine, span } from './words.ts';

export interface DrillChoice {
  host: string;
  /** For the fence and the boot together. */
  waitMs: number;
  json: boolean;
  yes: boolean;
  /** Where the report is written, too. */
  reportPath?: string;
}

type Passed = DrillView & { state: 'passed' };

/** How a drill ended: `unknown` where the host was not back in time. */
interface Report {
  host: string;
  result: 'passed' | 'failed' | 'unknown';
  why: string;
  order: Pick<OrderEnd, 'outcome' | 'proof' | 'detail'>;
  /** Absent unless it passed. */
  holdUpMs?: number;
  bootMs?: number;
  propose?: { hold_up: string; drain: string; off_hold: string; initdead: string };
}

const LOOK_MS = 500;
/** A beat is all that shows when power went: below this nothing is said of a supply. */
const HOLD_UP_STEP_MS = 100;

/** Drills one host and prints what it showed; resolves with the exit code. */
export async function drill(
  board: Board,
  terminal: Terminal,
  choice: DrillChoice,
): Promise<Result<ExitCode, BoardFailure>> {
  const { host, json, waitMs } = choice;
  const view = await board.view();
  const target = view.ok ? hostIn(view.value, host) : view;
  if (!target.ok) return target;
  const agreed = await isAgreed(terminal, choice, target.value);
  if (!agreed.ok) return agreed;
  let progress: { cancel(): void } | undefined;
  const begunMs = monotonicMs();
  const args = { drill: true } as const;
  const end = await board.order({ op: 'fence', host, incarnation: 0, args, waitMs }, () => {
    if (json) return;
    terminal.out(`accepted: drill of ${host}\n`);
    if (terminal.interactive) progress = showSteps(board, terminal, host);
  });
  progress?.cancel();
  if (!end.ok) return end;
  if (!json && end.value.outcome === 'done') {
    terminal.out(`${host} is proven off (${end.value.proof}); waiting for it to come back\n`);
  }
  const seen =
    end.value.outcome === 'done' ? await outcomeOf(board, host, waitMs, begunMs) : undefined;
  const report = reportOf(host, end.value, seen);
  const text = json ? jsonLine(report) : reportText(report);
  terminal.out(text);
  const kept = keep(choice.reportPath, text);
  if (!kept.ok) return kept;
  if (report.result === 'passed') return ok(EXIT.done);
  const undone = exitCodeOf(end.value.outcome);
  if (undone !== EXIT.done) return ok(undone);
  return ok(report.result === 'unknown' ? EXIT.unknown : EXIT.notDone);
}

async function isAgreed(
  terminal: Terminal,
  { yes, json, host }: DrillChoice,
  { phase, incarnation }: HostView,
): Promise<Result<void, BoardFailure>> {
  if (yes || json || !terminal.interactive) return ok(undefined);
  const typed = await terminal.ask(
    `A drill cuts the power of ${host} (${phase}, incarnation ${incarnationName(incarnation)}) as it runs;\n` +
      `nothing on it is stopped first. Type its name to go on: `,
  );
  if (typed === host) return ok(undefined);
  return failure('refused', 'not confirmed, nothing was ordered');
}

/**
 * Waits until the board has judged the drill; undefined where that takes too long. An agent that
 * restarted meanwhile has forgotten this one, and shows what an earlier one passed.
 */
async function outcomeOf(
  board: Board,
  name: string,
  waitMs: number,
  begunMs: number,
): Promise<DrillView | undefined> {
  for (let leftMs = waitMs; leftMs > 0; leftMs -= LOOK_MS) {
    const view = await board.view();
    const host = view.ok ? hostIn(view.value, name) : view;
    const seen = host.ok ? host.value.drill : undefined;
    const isOld = seen?.state === 'passed' && seen.ageMs > monotonicMs() - begunMs;
    if (isOld) return undefined;
    if (seen !== undefined && seen?.state !== 'running') return seen ?? undefined;
    await new Promise<void>((resolve) => after(LOOK_MS, resolve));
  }
  return undefined;
}

function reportOf(host: string, end: OrderEnd, seen: DrillView | undefined): Report {
  const { outcome, proof, detail } = end;
  const order = { outcome, proof, detail };
  if (outcome !== 'done') {
    const why = `it was not proven off: ${detail === '' ? outcome : `${outcome}, ${detail}`}`;
    const unknown = exitCodeOf(outcome) === EXIT.unknown;
    return { host, result: unknown ? 'unknown' : 'failed', why, order };
  }
  if (seen?.state === 'failed') return { host, result: 'failed', why: seen.why, order };
  if (seen?.state !== 'passed') {
    return { host, result: 'unknown', why: 'it went off, and was not heard again in time', order };
  }
  const { holdUpMs, bootMs } = seen;
  const why = 'it, and no other, went off, and it came back';
  return { host, result: 'passed', why, order, holdUpMs, bootMs, propose: proposalOf(seen) };
}

/** Twice what was measured: the next supply is older, the next boot checks its disks. */
function proposalOf({ holdUpMs, bootMs }: Passed): NonNullable<Report['propose']> {
  const bridgedMs = Math.ceil(Math.max(holdUpMs, 1) / HOLD_UP_STEP_MS) * HOLD_UP_STEP_MS;
  return {
    hold_up: `${bridgedMs}ms`,
    drain: `${bridgedMs}ms`,
    off_hold: `${2 * bridgedMs}ms`,
    initdead: `${Math.ceil((2 * bootMs) / 1_000)}s`,
  };
}

function reportText({ host, result, why, order, holdUpMs, bootMs, propose }: Report): string {
  const lines = [`drill of ${host} ${result}: ${why}`];
  if (holdUpMs !== undefined && bootMs !== undefined && propose !== undefined) {
    lines.push(
      `  proof          ${order.proof}`,
      `  last sign      ${span(holdUpMs)} after the cut, as beats and senses show it`,
      `  back           ${span(bootMs)} after power was given`,
      `For [hosts.${host}] in agent.toml:`,
      `  hold_up  = "${propose.hold_up}"`,
      `  drain    is "${propose.drain}" or more`,
      `  off_hold is "${propose.off_hold}" or more`,
      `  initdead is "${propose.initdead}" or more`,
    );
  } else {
    lines.push(`Look at the wiring before you trust it; see: fencepost why ${host}`);
  }
  return `${lines.join('\n')}\n`;
}

function keep(path: string | undefined, text: string): Result<void, BoardFailure> {
  if (path === undefined) return ok(undefined);
  const written = attemptSync(() => writeFileSync(path, text));
  return written.ok ? ok(undefined) : failure('refused', `the report: ${written.detail}`);
}
