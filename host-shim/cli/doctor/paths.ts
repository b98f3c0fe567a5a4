/** Judges serial lines and the broker: open or not and why, then what came in. */
import type { BrokerFacts, DoctorFacts, SerialFacts } from '../../../protocol/control/doctor.ts';
import { isLoopback } from '../../../protocol/mqtt-fields.ts';
import type { BoardView } from '../../../protocol/wire/view.ts';
import { span } from '../words.ts';
import { judgeFrames } from './channels.ts';
import { type Finding, fine, type Said, under, unwise, wrong } from './finding.ts';
import type { Outside, PortSeen } from './outside.ts';

/** Every serial line: the port, and what came in. */
export function judgeSerial(facts: DoctorFacts, view: BoardView, outside: Outside): Finding[] {
  return facts.serial.flatMap((line) => {
    const seen = outside.ports.get(line.path) ?? { is: 'hidden', holders: [] };
    const port = judgePort(line, seen);
    if (!line.open) return under('serial', line.host, port);
    const frames = framesOf(facts, view, line.host, 'serial', noiseRemedy(line));
    return under('serial', line.host, [...port, ...frames]);
  });
}

function noiseRemedy({ baud }: SerialFacts): string {
  return `Set the same baud rate at both ends (here it is ${baud}); then look at cable and ground.`;
}

function judgePort({ path, open, forMs, reason }: SerialFacts, seen: PortSeen): Said[] {
  const others = seen.holders.join(', ');
  if (!open) {
    const why = reason === '' ? 'it was not tried yet' : reason;
    const remedy =
      others === '' ? CLOSED_REMEDY[seen.is] : `End ${others}, which has the port open.`;
    return [wrong(`not open for ${span(forMs)}: ${why}`, remedy)];
  }
  const said: Said[] = [fine(`${path} is open for ${span(forMs)}`)];
  if (/^\/dev\/tty(USB|ACM)\d+$/.test(path)) {
    said.push(
      unwise(
        `${path} may be another adapter after the next plugging`,
        'Name the port by its link below /dev/serial/by-path.',
      ),
    );
  }
  if (others !== '')
    said.push(wrong(`${others} has the port open, too`, 'End it: it takes bytes.'));
  return said;
}

const CLOSED_REMEDY: Record<PortSeen['is'], string> = {
  absent: 'Plug the adapter in, or correct serial.path in agent.toml: there is no such file.',
  other: 'Correct serial.path in agent.toml: what stands there is no serial port.',
  port: 'Let the agent open it (group dialout), and end what else uses it, such as a login (getty).',
  hidden: 'Look at the port as root: this user may not.',
};

/** The broker, and what came in over it from each host. */
export function judgeBroker(facts: DoctorFacts, view: BoardView): Finding[] {
  const { broker } = facts;
  if (broker === null) return [];
  const link = under('broker', '', judgeLink(broker, view.agent));
  if (!broker.open) return link;
  const remedy = 'Look for what else publishes to the topics of this host.';
  const hosts = view.hosts
    .filter(({ channels }) => channels.some(({ channel }) => channel === 'mqtt'))
    .flatMap(({ name }) => under('broker', name, framesOf(facts, view, name, 'mqtt', remedy)));
  return [...link, ...hosts];
}

function judgeLink(broker: BrokerFacts, agent: string): Said[] {
  const { url, protocol, onBoard, open, forMs, reason, echoMs, echoPeriodMs } = broker;
  if (!open) {
    return [
      wrong(
        `${url} is not heard for ${span(forMs)}${reason === '' ? '' : `: ${reason}`}`,
        'Start the broker, or correct [mqtt] in agent.toml: address, user, password, certificates.',
      ),
    ];
  }
  const version = protocol === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
  const said = [fine(`${url} is connected for ${span(forMs)}, ${version}${countWords(broker)}`)];
  const { hostname, protocol: scheme } = new URL(url);
  if (scheme === 'mqtt:' && !isLoopback(hostname)) {
    said.push(unwise('it is reached without TLS', 'Write mqtts:// and give ca in [mqtt].'));
  }
  if (echoMs === null || echoMs > 3 * echoPeriodMs) {
    said.push(
      wrong(
        `the board's own echo ${echoMs === null ? 'never came back' : `is ${span(echoMs)} old`}`,
        `Let the board publish and subscribe below fencepost/${agent} in the broker's ACL.`,
      ),
    );
  } else {
    const worth = onBoard ? ', which proves nothing: the broker runs on the board' : '';
    said.push(fine(`the board's own echo is ${span(echoMs)} old${worth}`));
  }
  return said;
}

function countWords({ opened, dropped }: BrokerFacts): string {
  const times = opened > 1 ? `, for the ${opened}. time` : '';
  return dropped > 0 ? `${times}; ${dropped} messages were dropped` : times;
}

function framesOf(
  facts: DoctorFacts,
  view: BoardView,
  name: string,
  which: 'serial' | 'mqtt',
  remedy: string,
): Said[] {
  const host = view.hosts.find((one) => one.name === name);
  const channel = host?.channels.find((one) => one.channel === which);
  const soonMs = facts.hosts.find((one) => one.name === name)?.proofGapMs;
  if (host === undefined || channel === undefined || soonMs === undefined) return [];
  return judgeFrames({ host, channel, soonMs, noiseRemedy: remedy });
}
