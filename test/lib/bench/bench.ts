/**
 * The bench itself, without its socket: hosts, cables, and what each request does to them.
 *
 * Answers come through a callback, late where a device is slow and never where it is mute.
 */
import { after } from '../../../protocol/link/timers.ts';
import { type Cable, layCable } from '../pty.ts';
import type { BenchConfig, BenchContact } from './config.ts';
import { benchHost, type Host } from './host.ts';
import type { BenchLog } from './log.ts';
import type { Outlet } from './power.ts';
import type { BenchRequest, HostDeed, HostState } from './requests.ts';

export type Answer = (answer: { value: unknown } | { error: string }) => void;

export interface Bench {
  /** Throws when the request names something that the bench has not. */
  perform(request: BenchRequest, answer: Answer): void;
  /** The last connection of the owner has ended: non-latching relays fall back. */
  ownerLost(): void;
  close(): void;
}

/** Lays the cables and starts the hosts. */
export function makeBench(config: BenchConfig, log: BenchLog): Bench {
  const cables = new Map<string, Cable>(
    config.hosts.filter(({ cable }) => cable).map(({ name }) => [name, layCable(config.dir, name)]),
  );
  const hosts = new Map<string, Host>(
    config.hosts.map((host) => [host.name, benchHost(host, log)]),
  );
  const plugs = plugsOf(config);
  const context: Context = { hosts, cables, plugs, log, lastRead: new Map() };
  return {
    perform: (request, answer) => {
      switch (request.do) {
        case 'turn':
        case 'contact':
          return useOutlet(context, request, answer);
        case 'sense':
          return readSense(context, request, answer);
        case 'pulse': {
          const { host, part } = needed(plugs, request.plug, 'plug');
          needed(hosts, host, 'host').pulse(part);
          break;
        }
        case 'cable':
        case 'plug':
        case 'inject':
          changeCable(context, request);
          break;
        case 'host':
          changeProcess(needed(hosts, request.host, 'host'), request.what);
          break;
        case 'relay-fault':
          needed(hosts, request.host, 'host').setRelayFault(request.outlet, request.fault);
          break;
        case 'sense-fault':
          needed(hosts, request.host, 'host').setSenseFault(request.sense, request.fault);
          break;
        case 'feed':
          needed(hosts, request.host, 'host').setFeed(request.outlet, request.on);
          break;
        case 'mark':
          log.write({ kind: 'mark', text: request.text });
          break;
        case 'state':
          return answer({ value: [...hosts.values()].map(stateOf) });
        case 'own':
        case 'watch':
          break;
        default:
          throw new Error(`the bench does not know the request ${JSON.stringify(request)}`);
      }
      answer({ value: null });
    },
    ownerLost: () => {
      log.write({ kind: 'owner', what: 'lost' });
      if (config.line !== 'non-latching') return;
      for (const host of hosts.values()) {
        for (const { relay } of host.power.outlets) relay.command('closed');
      }
    },
    close: () => {
      for (const host of hosts.values()) host.close();
      for (const cable of cables.values()) cable.close();
    },
  };
}

interface Context {
  hosts: Map<string, Host>;
  cables: Map<string, Cable>;
  plugs: Map<string, { host: string; part: string }>;
  log: BenchLog;
  /** By plug, what each sense answered last. */
  lastRead: Map<string, 'on' | 'off' | 'unknown'>;
}

/** The owner's names for outlets, senses and lines; throws when two would be the same. */
function plugsOf(config: BenchConfig): Context['plugs'] {
  const plugs: Context['plugs'] = new Map();
  for (const { name: host, outlets, senses, pulses = [] } of config.hosts) {
    for (const { name: part } of [...outlets, ...senses, ...pulses]) {
      const plug = `${host}-${part}`;
      if (plugs.has(plug)) throw new Error(`two parts of the bench have the name ${plug}`);
      plugs.set(plug, { host, part });
    }
  }
  return plugs;
}

type OutletRequest = Extract<BenchRequest, { do: 'turn' | 'contact' }>;

function useOutlet({ hosts, plugs }: Context, request: OutletRequest, answer: Answer): void {
  const { host, part } = needed(plugs, request.plug, 'plug');
  const outlet = needed(hosts, host, 'host').power.outlet(part);
  const { mute, refuse } = outlet.relay.fault();
  if (mute) return;
  // A slow device takes the command and answers late; the contact does not wait for the answer.
  if (request.do === 'turn' && !refuse) outlet.command(request.to);
  const reply = (): void => {
    if (refuse) answer({ error: `${outlet.name} refuses` });
    else answer({ value: request.do === 'turn' ? null : outlet.relay.contact() });
  };
  later(outlet, reply);
}

function later(outlet: Outlet, reply: () => void): void {
  if (outlet.answerMs === 0) reply();
  else after(outlet.answerMs, reply);
}

type SenseRequest = Extract<BenchRequest, { do: 'sense' }>;

function readSense(context: Context, { plug }: SenseRequest, answer: Answer): void {
  const { hosts, plugs, log, lastRead } = context;
  const { host, part } = needed(plugs, plug, 'plug');
  const value = needed(hosts, host, 'host').sense(part);
  if (value === 'mute') return;
  if (lastRead.get(plug) !== value) log.write({ kind: 'read', host, sense: part, value });
  lastRead.set(plug, value);
  answer({ value });
}

type CableRequest = Extract<BenchRequest, { do: 'cable' | 'plug' | 'inject' }>;

function changeCable({ cables, log }: Context, request: CableRequest): void {
  const { name } = request;
  const cable = needed(cables, name, 'cable');
  if (request.do === 'inject') {
    cable.inject(request.end, Buffer.from(request.hex, 'hex'));
  } else if (request.do === 'cable') {
    log.write({ kind: 'cable', name, change: request.change });
    cable.set(request.change);
  } else {
    const { end, plugged } = request;
    log.write({ kind: 'cable', name, change: { end, plugged } });
    if (plugged) cable.replug(end);
    else cable.unplug(end);
  }
}

function changeProcess(host: Host, what: HostDeed): void {
  if (what === 'reboot') host.reboot();
  else host.process[what]();
}

function stateOf(host: Host): HostState {
  const contacts: Record<string, BenchContact> = {};
  for (const outlet of host.power.outlets) contacts[outlet.name] = outlet.relay.contact();
  return {
    host: host.name,
    power: host.power.hostIsOn(),
    pid: host.process.pid() ?? null,
    bootId: host.process.bootId(),
    contacts,
  };
}

function needed<T>(things: Map<string, T>, name: string, what: string): T {
  const thing = things.get(name);
  if (thing === undefined) throw new Error(`the bench has no ${what} ${name}`);
  return thing;
}
