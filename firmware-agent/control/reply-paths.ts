/**
 * Where the answers to an order go: back by every path that it came by.
 *
 * Through a broker that is the orderer's own topic, or the response topic that came with the order
 * where that lies in or below it; any other would let one orderer write into the topics of another,
 * or of hosts. Over a serial line it is that line. An order is answered twice, and repeated on
 * another path where one is dead, so its paths are kept, those of the newest few hundred orders.
 */
import type { MessageAbout } from '../../protocol/link/mqtt.ts';
import { type MessageOf, OUTCOME } from '../../protocol/wire/messages.ts';
import { PATHS_PER_ORDER_MAX, REPLY_PATHS_MAX } from './limits.ts';

/** `kid` is the key that the order came under. */
export type ReplyPath =
  | { kid: number; topic: string; correlationData?: Uint8Array }
  | { kid: number; host: number };

interface Asked {
  /** As it came last. */
  order: MessageOf<'order'>;
  paths: ReplyPath[];
  refusal?: { order: MessageOf<'order'>; result: MessageOf<'result'> };
}

/** Orders by orderer and cmdId, oldest first. */
export type AskedOrders = Map<string, Asked>;

const TOPIC_CHARS_MAX = 256;

/** Final, and kept by nobody else. */
const REFUSALS: ReadonlySet<number> = new Set([
  OUTCOME.refused,
  OUTCOME.busy,
  OUTCOME.expired,
  OUTCOME.stale,
  OUTCOME.unknown,
]);

export function asked(): AskedOrders {
  return new Map();
}

/** The path of the answer to what came with `about`; `own` is the orderer's own topic. */
export function mqttPath(own: string, kid: number, about: MessageAbout): ReplyPath {
  const { responseTopic, correlationData } = about;
  const isOwn = responseTopic !== undefined && isWithin(responseTopic, own);
  const path = { topic: isOwn ? responseTopic : own, kid };
  return correlationData === undefined ? path : { ...path, correlationData };
}

/** Remembers how an order came; the refusal of the same order, where it has been refused before. */
export function wasRefused(
  orders: AskedOrders,
  order: MessageOf<'order'>,
  path: ReplyPath,
): MessageOf<'result'> | undefined {
  const key = keyOf(order);
  const before = orders.get(key);
  const others = (before?.paths ?? []).filter((one) => !isSameWay(one, path));
  orders.delete(key);
  orders.set(key, { ...before, order, paths: [...others, path].slice(-PATHS_PER_ORDER_MAX) });
  // Oldest out: who ordered so long ago hears of it on the orderer's own topic.
  const [oldest] = orders.keys();
  if (orders.size > REPLY_PATHS_MAX && oldest !== undefined) orders.delete(oldest);
  const refusal = before?.refusal;
  return refusal !== undefined && isSameOrder(refusal.order, order) ? refusal.result : undefined;
}

/** The paths that a result goes by, undefined where they are forgotten; keeps it if it is a refusal. */
export function keepRefusal(
  orders: AskedOrders,
  result: MessageOf<'result'>,
): ReplyPath[] | undefined {
  const one = orders.get(keyOf(result));
  if (one !== undefined && REFUSALS.has(result.outcome)) one.refusal = { order: one.order, result };
  return one?.paths;
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

function isSameOrder(a: MessageOf<'order'>, b: MessageOf<'order'>): boolean {
  const same = a.host === b.host && a.incarnation === b.incarnation && a.op === b.op;
  return same && Buffer.compare(a.args, b.args) === 0;
}
