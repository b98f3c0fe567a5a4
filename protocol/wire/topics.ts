/**
 * The names of MQTT topics, in one place, because access lists of brokers are written against them.
 *
 * Everything lies under `fencepost/<agent>`. Names come from the configuration and are restricted,
 * so that none of them can be a wildcard, an empty level or a path of several levels.
 */

const NAME = /^[A-Za-z0-9_.-]{1,63}$/;

/** Stands where a host's name would; `isName` refuses it, so no host can own it. */
const OWN_ECHO = '-';

/** Whether `name` may be that of an agent, a host or an orderer. */
export function isName(name: string): boolean {
  return NAME.test(name) && name !== OWN_ECHO;
}

export interface Topics {
  base: string;
  /** Retained JSON, and the agent's last will. */
  status: string;
  /** JSON, QoS 1. */
  event: string;
  /** CBOR, from orderers. */
  order: string;
  /** Subscribes to every host's beats, and to our own echo. */
  upFilter: string;
  /** The board's own echo, which passes through the same subscription as the beats. */
  echo: string;
}

export function topicBase(agent: string): string {
  return `fencepost/${checked(agent)}`;
}

/** The fixed topics of one agent. */
export function topicsOf(agent: string): Topics {
  return {
    base: topicBase(agent),
    status: status(agent),
    event: event(agent),
    order: order(agent),
    upFilter: upFilter(agent),
    echo: echo(agent),
  };
}

export function status(agent: string): string {
  return `${topicBase(agent)}/status`;
}

export function event(agent: string): string {
  return `${topicBase(agent)}/event`;
}

export function order(agent: string): string {
  return `${topicBase(agent)}/order`;
}

/** Where answers to `orderer` go; the only place where a response topic may point. */
export function result(agent: string, orderer: string): string {
  return `${topicBase(agent)}/result/${checked(orderer)}`;
}

/** Beats and handshakes of `host`, towards the board. */
export function hostUp(agent: string, host: string): string {
  return `${topicBase(agent)}/host/${checked(host)}/up`;
}

/** Beacons and answers to `host`. */
export function hostDown(agent: string, host: string): string {
  return `${topicBase(agent)}/host/${checked(host)}/down`;
}

/** Retained JSON for people and dashboards. */
export function hostState(agent: string, host: string): string {
  return `${topicBase(agent)}/host/${checked(host)}/state`;
}

export function upFilter(agent: string): string {
  return `${topicBase(agent)}/host/+/up`;
}

export function echo(agent: string): string {
  return `${topicBase(agent)}/host/${OWN_ECHO}/up`;
}

/** The host's name in an `up` topic; undefined for any other topic, and for the board's echo. */
export function parseUp(topic: string): string | undefined {
  const levels = topic.split('/');
  const [prefix, agent, word, host, up] = levels;
  if (levels.length !== 5 || prefix !== 'fencepost' || word !== 'host' || up !== 'up') {
    return undefined;
  }
  if (agent === undefined || host === undefined || !isName(agent)) return undefined;
  return isName(host) ? host : undefined;
}

/**
 * The client id of an agent, or of a host's shim. A broker throws out the elder of two clients of
 * one id, so what parts the names must be what no name can hold.
 */
export function clientId(agent: string, host?: string): string {
  const owner = host === undefined ? checked(agent) : `${checked(agent)}:${checked(host)}`;
  return `fencepost:${owner}`;
}

/** The configuration was checked long before; a bad name here is our own mistake. */
function checked(name: string): string {
  if (!isName(name)) throw new Error(`not a name for a topic: ${JSON.stringify(name)}`);
  return name;
}
