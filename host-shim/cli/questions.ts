/** The commands that ask, and move nothing: `ls`, `status`, `why`, `reload`. Each prints once, for people or as JSON. */
import { ok, type Result } from '../../protocol/result.ts';
import type { Board, BoardFailure } from './board.ts';
import { glanceText, hostIn } from './glance.ts';
import { chapterOf, historyText } from './history.ts';
import { domainOf, domainText, hostsText, hostText } from './tables.ts';
import type { Terminal } from './terminal.ts';
import { explain } from './why.ts';
import { jsonLine } from './words.ts';

type Answered = Promise<Result<unknown, BoardFailure>>;

interface Form {
  json?: boolean;
}

/** Prints the fence domain. */
export async function showDomain(board: Board, terminal: Terminal, { json }: Form): Answered {
  const view = await board.view();
  if (!view.ok) return view;
  const domain = domainOf(view.value);
  terminal.out(json ? jsonLine(domain) : domainText(domain));
  return view;
}

/** Prints all hosts, or with `name` one of them, and the alarms that stand. */
export async function showStatus(
  board: Board,
  terminal: Terminal,
  name: string | undefined,
  { json }: Form,
): Answered {
  const view = await board.view();
  if (!view.ok && view.kind === 'listless')
    return showBriefly(board, terminal, name, json, view.detail);
  if (!view.ok) return view;
  if (name === undefined) {
    terminal.out(json ? jsonLine(view.value) : hostsText(view.value));
    return view;
  }
  const host = hostIn(view.value, name);
  if (!host.ok) return host;
  const alarms = view.value.alarms.filter((alarm) => alarm.host === name);
  terminal.out(json ? jsonLine({ host: host.value, alarms }) : hostText(host.value, alarms));
  return host;
}

/** What a serial line can tell, and why it is no more. */
async function showBriefly(
  board: Board,
  terminal: Terminal,
  name: string | undefined,
  json: boolean | undefined,
  why: string,
): Answered {
  const one = name === undefined ? undefined : await board.glance(name);
  const hosts = one === undefined ? await board.glances() : one.ok ? ok([one.value]) : one;
  if (!hosts.ok) return hosts;
  if (json) terminal.out(jsonLine({ brief: true, hosts: hosts.value }));
  else terminal.out(`${hosts.value.map(glanceText).join('')}No more than that: ${why}.\n`);
  return hosts;
}

/** Prints one fence of a host, the last or the one of that number; JSON is null where there is none. */
export async function showWhy(
  board: Board,
  terminal: Terminal,
  { name, id }: { name: string; id: number | undefined },
  { json }: Form,
): Answered {
  const view = await board.view();
  const host = view.ok ? hostIn(view.value, name) : view;
  if (!host.ok) return host;
  const records = await board.records(name);
  if (!records.ok) return records;
  const found = records.value.findLast((one) => id === undefined || one.id === id) ?? null;
  const none = `No fence${id === undefined ? '' : ` ${id}`} of ${name} is on record.\n`;
  if (json) terminal.out(jsonLine(found));
  else terminal.out(found === null ? none : explain(found));
  return records;
}

/** Prints the last fences, oldest first, of one host or of all. */
export async function showHistory(
  board: Board,
  terminal: Terminal,
  { name, last }: { name: string | undefined; last: number },
  { json }: Form,
): Answered {
  if (name !== undefined) {
    const view = await board.view();
    const host = view.ok ? hostIn(view.value, name) : view;
    if (!host.ok) return host;
  }
  const records = await board.records(name);
  if (!records.ok) return records;
  const chapters = records.value.slice(-last).map(chapterOf);
  terminal.out(json ? jsonLine(chapters) : historyText(chapters));
  return records;
}

/** Makes the agent read its files again, and says whether it took them. */
export async function reload(board: Board, terminal: Terminal, { json }: Form): Answered {
  const done = await board.reload();
  if (!done.ok) return done;
  terminal.out(
    json ? jsonLine({ reloaded: true }) : 'The agent took its configuration and keys.\n',
  );
  return done;
}
