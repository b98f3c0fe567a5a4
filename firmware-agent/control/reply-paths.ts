/**
 * Where the answers to an order go: back by every path that it came by.
 *
 * Through a broker that is the orderer's own topic, or the response topic that came with the order
 * where that lies in or below it; any other would let one orderer write into the topics of another,
 * or of hosts. Over a serial line it is that line. An order is answered twice, and repeated on
 * another path where one is dead, so its paths are kept, those of the newest few hundred orders.
 */
import type { MessageAbout } from '../../protocol/link/mqtt.ts';
import { PATHS_PER_ORDER_MAX, REPLY_PATHS_MAX } from './limits.ts';

/** `kid` is the key that the order came under. */
export type ReplyPath =
  | { kid: number; topic: string; correlationData?: Uint8Array }
  | { kid: number; host: number };

/** Paths by orderer and cmdId, oldest order first. */
export type AskedOrders = Map<string, ReplyPath[]>;

const TOPIC_CHARS_MAX = 256;

/** The path of the answer to what came with `about`; `own` is the orderer's own topic. */
export function mqttPath(own: string, kid: number, about: MessageAbout): ReplyPath {
  const { responseTopic, correlationData } = about;
  const isOwn = responseTopic !== undefined && isWithin(responseTopic, own);
  const path = { topic: isOwn ? responseTopic : own, kid };
  return correlationData === undefined ? path : { ...path, correlationData };
}

/** Remembers by which path an order came. */
export function rememberPath(
  orders: AskedOrders,
  order: { orderer: number; cmdId: Uint8Array },
  path: ReplyPath,
): void {
  const key = keyOf(order);
  const others = (orders.get(key) ?? []).filter((one) => !isSameWay(one, path));
  orders.delete(key);
  orders.set(key, [...others, path].slice(-PATHS_PER_ORDER_MAX));
  // Oldest out: who ordered so long ago hears of it on the orderer's own topic.
  const [oldest] = orders.keys();
  if (orders.size > REPLY_PATHS_MAX && oldest !== undefined) orders.delete(oldest);
}

/** The paths that a result goes by; undefined where they are forgotten. */
export function pathsOf(
  orders: AskedOrders,
  result: { orderer: number; cmdId: Uint8Array },
): ReplyPath[] | undefined {
  return orders.get(keyOf(result));
}

/** Equal to `own`, or a level below it; a wildcard or an empty level is no topic to publish to. */
function isWithin(topic: string, own: string): boolean {
  if (topic === own) return true;
  return (
    topic.startsWith(`${own}/`) &&
    topic.length <= TOPIC_CHARS_MAX &&
    /^[A-Za-z0-9_./-]+$/.test(topic) &&
    !topic.includes('//')
  );
}

function keyOf({ orderer, cmdId }: { orderer: number; cmdId: Uint8Array }): string {
  return `${orderer} ${Buffer.from(cmdId).toString('hex')}`;
}

/** The broker is one way, whatever the topic; each line is another. */
function isSameWay(a: ReplyPath, b: ReplyPath): boolean {
  return 'host' in a ? 'host' in b && a.host === b.host : !('host' in b);
}
