/**
 * Where the answer to an order goes: the orderer's own topic, or the response topic that came with
 * the order where that lies in or below it. Any other would let one orderer write into the topics
 * of another, or of hosts. An order is answered twice, so its path is kept, the newest few hundred.
 */
import type { MessageAbout } from '../../protocol/link/mqtt.ts';
import { REPLY_PATHS_MAX } from './limits.ts';

export interface ReplyPath {
  topic: string;
  /** The key that the order came under. */
  kid: number;
  correlationData?: Uint8Array;
}

const TOPIC_CHARS_MAX = 256;

/** The path of the answer to what came with `about`; `own` is the orderer's own topic. */
export function replyPath(own: string, kid: number, about: MessageAbout): ReplyPath {
  const { responseTopic, correlationData } = about;
  const asked = responseTopic !== undefined && isWithin(responseTopic, own);
  const path: ReplyPath = { topic: asked ? responseTopic : own, kid };
  return correlationData === undefined ? path : { ...path, correlationData };
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

export function pathKey(orderer: number, cmdId: Uint8Array): string {
  return `${orderer} ${Buffer.from(cmdId).toString('hex')}`;
}

/** Oldest out: who ordered so long ago hears of it on the orderer's own topic. */
export function remember(paths: Map<string, ReplyPath>, key: string, path: ReplyPath): void {
  paths.delete(key);
  paths.set(key, path);
  const [oldest] = paths.keys();
  if (paths.size > REPLY_PATHS_MAX && oldest !== undefined) paths.delete(oldest);
}
