/**
 * `fencepost doctor`: is this board set up so that it could do its duty now?
 *
 * The agent says what only it knows, this program looks at the machine around it, and pure judges
 * make sentences of both. Nothing is moved, changed or sent to a host. Where the agent does not
 * answer, what can be seen from outside is told all the same.
 */

import type { DoctorFacts } from '../../../protocol/control/doctor.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { AlarmView, BoardView } from '../../../protocol/wire/view.ts';
import type { Board, BoardFailure } from '../board.ts';
import { type CommonOptions, failed, type ProgramSetup } from '../command-set.ts';
import { SOCKET_DEFAULT } from '../connect.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLine, span } from '../words.ts';
import { type Finding, type Level, under, worstOf, wrong } from './finding.ts';
import { judgeHosts } from './hosts.ts';
import { judgeMachine } from './machine.ts';
import { lookOutside, type Outside, socketSeen } from './outside.ts';
import { judgeBroker, judgeSerial } from './paths.ts';

/** Asks, judges and prints; answers the exit code. */
export async function doctor(setup: ProgramSetup, options: CommonOptions): Promise<ExitCode> {
  const { terminal, connect } = setup;
  const board = await connect(options);
  const asked = board.ok ? await ask(board.value) : board;
  if (board.ok) await board.value.close();
  if (asked.ok) {
    const { facts, view } = asked.value;
    const paths = facts.serial.map(({ path }) => path);
    const findings = examine(facts, view, lookOutside(paths, facts.keysPath, facts.pid));
    const hosts = facts.hosts.map(({ name, worst }) => ({ name, ...worst }));
    print(terminal, findings, options, { agent: view.agent, hosts });
    return worstOf(findings) === 'bad' ? EXIT.notDone : EXIT.done;
  }
  if (asked.kind !== 'absent' && asked.kind !== 'silent') return failed(terminal, options, asked);
  const findings = under('agent', '', fromOutside(options.socket ?? SOCKET_DEFAULT, asked.detail));
  print(terminal, findings, options, { agent: null, hosts: [] });
  return EXIT.unknown;
}

async function ask(
  board: Board,
): Promise<Result<{ facts: DoctorFacts; view: BoardView }, BoardFailure>> {
  const facts = await board.facts();
  if (!facts.ok) return facts;
  const view = await board.view();
  return view.ok ? ok({ facts: facts.value, view: view.value }) : view;
}

/** Every finding about a board that answers. Pure. */
export function examine(facts: DoctorFacts, view: BoardView, outside: Outside): Finding[] {
  return [
    ...judgeSerial(facts, view, outside),
    ...judgeBroker(facts, view),
    ...judgeMachine(facts, outside),
    ...under('hosts', '', disabledBy(view)),
    ...judgeHosts(facts, view),
    ...view.alarms.map(alarmFinding),
  ];
}

function disabledBy({ disabledBy: who }: BoardView): ReturnType<typeof wrong>[] {
  if (who === null) return [];
  return [wrong(`${who} disabled all fencing`, 'When that is over: fencepost enable --all.')];
}

/** Alarms after which a fence, or a report of one, cannot be trusted until somebody looked. */
const GRAVE: ReadonlySet<string> = new Set([
  'failed',
  'integrity',
  'two-lives',
  'crossed',
  'two-agents',
  'unguarded',
  'device-silent',
  'sense-suspect',
  'sick-observer',
]);

function alarmFinding({ host, code, text, remedy, ageMs }: AlarmView): Finding {
  const level: Level = GRAVE.has(code) ? 'bad' : 'warn';
  const words = `${code}: ${text} (${span(ageMs)})`;
  return { group: 'alarms', about: host ?? '', level, text: words, remedy };
}

function fromOutside(path: string, detail: string): [ReturnType<typeof wrong>] {
  const start = 'Start it: fencepost-agent run. It says in its log why it ends.';
  switch (socketSeen(path)) {
    case 'absent':
      return [
        wrong(`there is no socket at ${path}: the agent does not run, or has another`, start),
      ];
    case 'deserted':
      return [wrong(`nobody listens on ${path}: an agent was killed and is not back`, start)];
    case 'other':
      return [wrong(`${path} is no socket`, 'Correct --socket, or agent.socket in agent.toml.')];
    case 'served':
      return [
        wrong(
          `a process listens on ${path} and does not answer: ${detail}`,
          'Look at its load and its log; its supervisor may restart it: that moves no relay.',
        ),
      ];
    case 'hidden':
      return [wrong(detail, 'Run doctor as root, or as a member of the group fencepost.')];
  }
}

const TITLES: [Finding['group'], string][] = [
  ['agent', 'agent'],
  ['serial', 'serial lines'],
  ['broker', 'broker'],
  ['keys', 'keys'],
  ['storage', 'storage'],
  ['clock', 'clock'],
  ['loop', 'attention'],
  ['hosts', 'what could be done for each host now'],
  ['alarms', 'alarms that stand'],
];

const MARKS: Record<Level, string> = { ok: 'ok  ', warn: 'warn', bad: 'BAD ' };

function print(
  terminal: Terminal,
  findings: readonly Finding[],
  { json }: CommonOptions,
  about: { agent: string | null; hosts: object[] },
): void {
  if (json) {
    terminal.out(jsonLine({ verdict: worstOf(findings), ...about, findings }));
    return;
  }
  for (const [group, title] of TITLES) {
    const own = findings.filter((finding) => finding.group === group);
    if (own.length > 0) terminal.out(`${title}\n${own.map(lines).join('')}`);
  }
  const count = (level: Level): number => findings.filter((one) => one.level === level).length;
  terminal.out(`${count('bad')} bad, ${count('warn')} to look at, ${count('ok')} ok\n`);
}

function lines({ level, about, text, remedy }: Finding): string {
  const what = about === '' ? text : `${about}: ${text}`;
  return `  ${MARKS[level]}  ${what}\n${remedy === undefined ? '' : `        ${remedy}\n`}`;
}
