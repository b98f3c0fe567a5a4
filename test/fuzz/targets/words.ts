/** The small readers of words: topics, reply paths, the arguments of orders, timers. */
import { mqttPath } from '../../../firmware-agent/control/reply-paths.ts';
import { OPERATION, type Operation } from '../../../protocol/wire/messages.ts';
import { decodeArgs, encodeArgs } from '../../../protocol/wire/order-args.ts';
import { decodeTimer, encodeTimer } from '../../../protocol/wire/timer.ts';
import { clientId, hostUp, isName, parseUp, result } from '../../../protocol/wire/topics.ts';
import { bytesOf, must, sameBytes, type Target, textOf } from '../lib/target.ts';

const OPERATIONS = Object.keys(OPERATION) as Operation[];
const TIMER = Uint8Array.of(4, 3, 3, 3, 0x01, 0x2c, 0x00, 0x64);

export const topicsTarget: Target = {
  name: 'topics',
  promise: 'a topic that is read is one that we would write, and no answer leaves its own topics',
  covers:
    /^(protocol\/wire\/topics\.ts#(parseUp|isName|clientId)|firmware-agent\/control\/reply-paths\.ts#(mqttPath|isWithin))$/,
  bytesMax: 96,
  limitMs: 10,
  seeds: [hostUp('board1', 'deimos'), result('board1', 'anna'), `${result('b', 'anna')}/1`].map(
    bytesOf,
  ),
  words: ['/', '//', '+', '#', '-', '..', '/up', 'fencepost/', '/host/', '\u0000', 'é'].map(
    bytesOf,
  ),
  run: judgeTopic,
};

function judgeTopic(input: Uint8Array): void {
  const topic = textOf(input);
  const host = parseUp(topic);
  if (host !== undefined) {
    const agent = topic.split('/')[1] ?? '';
    must(
      isName(host) && hostUp(agent, host) === topic,
      'a topic that is read is one that we would write',
    );
    must(clientId(agent, host).split(':').length === 3, 'a client id can be taken apart');
  }
  const own = result('b', 'anna');
  const path = mqttPath(own, 1, { retain: false, responseTopic: topic });
  const to = 'topic' in path ? path.topic : '';
  must(to === own || to.startsWith(`${own}/`), 'an answer goes to a topic of its own orderer');
  must(
    ['+', '#', '\u0000', '//'].every((bad) => !to.includes(bad)),
    'an answer goes to a topic that can be published to',
  );
}

export const argsTarget: Target = {
  name: 'args',
  promise:
    'arguments that are read are written again with the same meaning, and timers with the same bytes',
  covers: /^protocol\/wire\/(order-args|timer)\.ts#(decode|encode|is)/,
  bytesMax: 12,
  limitMs: 10,
  seeds: [
    ...OPERATIONS.map((_op, at) => Uint8Array.of(at)),
    ...OPERATIONS.map((_op, at) => Uint8Array.of(at, 1)),
    Uint8Array.of(OPERATIONS.indexOf('ack'), 1, ...bytesOf('T-1')),
    Uint8Array.of(OPERATIONS.indexOf('disable'), 0, 0, 1, 0),
    Uint8Array.of(OPERATIONS.indexOf('timer-set'), ...TIMER),
  ],
  words: [TIMER, Uint8Array.of(1), Uint8Array.of(0, 0, 0)],
  run: judgeArgs,
};

/** The first byte names the operation. */
export function judgeArgs(input: Uint8Array): void {
  const op = OPERATIONS[(input[0] ?? 0) % OPERATIONS.length] ?? 'fence';
  const bytes = input.subarray(1);
  const args = decodeArgs(op, bytes);
  if (args !== undefined) {
    const again = encodeArgs(op, args);
    must(again !== undefined, 'arguments that are read can be written');
    // A byte of flags that says nothing may be there or not.
    const isBare = bytes.length === 1 && bytes[0] === 0;
    must(
      sameBytes(again, isBare ? new Uint8Array() : bytes),
      'they are written with the same bytes',
    );
  }
  const timer = decodeTimer(bytes);
  if (timer === undefined) return;
  must(sameBytes(encodeTimer(timer), bytes), 'a timer is written with the same bytes');
  must(
    timer.timeoutMs > 0 && timer.pretimeoutMs < timer.timeoutMs,
    'a timer runs out after it warns',
  );
}
