/**
 * The board's view as text: the fence domain (`ls`), the hosts (`status`, `watch`), one host.
 *
 * `ls` speaks the words of cluster tools, so that who knows `fence_tool ls` reads it at once.
 */
import Table from 'cli-table3';
import type { Phase } from '../../protocol/wire/messages.ts';
import type {
  AlarmView,
  BoardView,
  ChannelView,
  GroupView,
  HostView,
  TimerView,
} from '../../protocol/wire/view.ts';
import { incarnationName, list, span } from './words.ts';

/** The fence domain in the terms of `ls`. */
export interface Domain {
  memberCount: number;
  victimCount: number;
  victimNow: string | null;
  /** The name of the agent. */
  master: string;
  waitState: BoardView['waitState'];
  members: string[];
  groups?: GroupView[];
}

/** In the domain: heard, or expected back; not known dead, absent, gone in order or being fenced. */
const MEMBER_PHASES: ReadonlySet<Phase> = new Set<Phase>([
  'alive',
  'late',
  'doubt',
  'held',
  'silent',
  'leaving',
  'maintenance',
]);

export function domainOf(view: BoardView): Domain {
  const victims = view.hosts.filter((host) => host.fence !== null);
  const members = view.hosts.filter((host) => host.fence === null && MEMBER_PHASES.has(host.phase));
  return {
    memberCount: members.length,
    victimCount: victims.length,
    victimNow: view.victimNow,
    master: view.agent,
    waitState: view.waitState,
    members: members.map(({ name }) => name),
    ...(view.groups === undefined ? {} : { groups: view.groups }),
  };
}

/** The text of `ls`. */
export function domainText(domain: Domain): string {
  const rows: [string, string | number][] = [
    ['member count', domain.memberCount],
    ['victim count', domain.victimCount],
    ['victim now', domain.victimNow ?? 'none'],
    ['master', domain.master],
    ['wait state', domain.waitState],
    ['members', domain.members.join(' ') || 'none'],
    ...(domain.groups ?? []).map((group): [string, string] => [
      `group ${group.name}`,
      heldBy(group),
    ]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(13)} ${value}\n`).join('');
}

/** One row a host, the groups, then the alarms that stand. */
export function hostsText(view: BoardView, hosts: readonly HostView[] = view.hosts): string {
  const head = [
    'host',
    'state',
    'for',
    'incarnation',
    'serial',
    'mqtt',
    'outlets',
    'senses',
    'note',
  ];
  // Empty styles: colours would be noise in a pipe.
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const host of hosts) {
    table.push([
      host.name,
      host.phase,
      span(host.phaseMs),
      incarnationName(host.incarnation),
      channelText(host.channels.find(({ channel }) => channel === 'serial')),
      channelText(host.channels.find(({ channel }) => channel === 'mqtt')),
      list(
        host.outlets.map(({ name, reading }) => `${name} ${reading}`),
        '-',
      ),
      list(host.senses.map(senseText), '-'),
      noteOf(host),
    ]);
  }
  const groups = (view.groups ?? []).map((group) => `group ${group.name}: ${heldBy(group)}\n`);
  return `${table.toString()}\n${groups.join('')}${alarmsText(view.alarms)}`;
}

function heldBy({ holders, unknown }: GroupView): string {
  const by = holders.length === 0 ? 'free' : `held by ${holders.join(' and ')}`;
  return unknown.length === 0 ? by : `${by}; no report yet of ${unknown.join(', ')}`;
}

/** Everything about one host, one fact a line. */
export function hostText(host: HostView, alarms: readonly AlarmView[]): string {
  const lines = [
    `${host.name}: ${host.phase} for ${span(host.phaseMs)}, incarnation ${incarnationName(host.incarnation)}`,
    ...host.channels.map((channel) => `  ${channel.channel}: ${channelSentence(channel)}`),
    ...host.outlets.map(
      ({ name, method, reading }) => `  outlet ${name} (method ${method}): ${reading}`,
    ),
    ...host.senses.map((sense) => `  sense ${senseText(sense)}`),
  ];
  lines.push(`  wiring: ${drillText(host.drill)}`);
  const note = noteOf(host);
  if (note !== '') lines.push(`  ${note}`);
  return `${lines.join('\n')}\n${alarmsText(alarms)}`;
}

function drillText(drill: HostView['drill']): string {
  switch (drill?.state) {
    case undefined:
      return 'untested until a drill';
    case 'running':
      return 'a drill runs';
    case 'failed':
      return `the last drill failed: ${drill.why}`;
    case 'passed': {
      const { ageMs, holdUpMs, bootMs } = drill;
      return `drilled ${span(ageMs)} ago: silent after ${span(holdUpMs)}, back after ${span(bootMs)}`;
    }
  }
}

function channelText(channel: ChannelView | undefined): string {
  if (channel === undefined) return '-';
  if (!channel.listening) return 'not open';
  if (channel.quietMs === null) return 'nothing yet';
  return `${span(channel.quietMs)} ago`;
}

function channelSentence(channel: ChannelView): string {
  const heard =
    channel.quietMs === null
      ? 'nothing heard in this life of the agent'
      : `last fresh beat ${span(channel.quietMs)} ago`;
  const path =
    channel.provenMs > 0 ? `path proven good for ${span(channel.provenMs)}` : 'path not proven';
  const refused = Object.entries(channel.refused).map(([reason, count]) => `${reason} ${count}`);
  const dropped = refused.length === 0 ? '' : `; dropped: ${refused.join(', ')}`;
  return `${channel.listening ? 'open' : 'not open'}, ${heard}, ${path}${dropped}`;
}

function senseText({ name, reading, believed }: HostView['senses'][number]): string {
  return believed ? `${name} ${reading}` : `${name} ${reading} (not believed yet)`;
}

function noteOf(host: HostView): string {
  const { fence, timer, pulse, keptOffBy, maintenanceMs } = host;
  const notes: string[] = [];
  if (fence !== null)
    notes.push(`fence ${fence.id}: ${fence.step} (${fence.by}, ${span(fence.ageMs)})`);
  if (keptOffBy !== null) notes.push(`kept off by ${keptOffBy}`);
  if (maintenanceMs !== null) notes.push(`maintenance for ${span(maintenanceMs)} more`);
  if (pulse !== null) notes.push(`${pulse.kind} pulse: ${pulse.step} (${pulse.by})`);
  if (timer !== null) notes.push(`timer ${timerNote(timer)}`);
  return notes.join('; ');
}

function timerNote(timer: TimerView): string {
  if (timer.state === 'lost' || timer.state === 'expired') return timer.state;
  return `${timer.action} in ${span(timer.remainingMs)}`;
}

function alarmsText(alarms: readonly AlarmView[]): string {
  return alarms
    .map(({ host, text, remedy, ageMs }) => {
      const whose = host === null ? 'the board' : host;
      return `! ${whose}: ${text} (${span(ageMs)})\n    ${remedy}\n`;
    })
    .join('');
}
