/**
 * A process that sends back over a broker whatever it hears: what the broker and two sockets take
 * of a round trip, and nothing of ours. `node echo.cjs URL` prints `ready` and ends with its input.
 */
import { mqttLink } from '../../protocol/link/mqtt.ts';

export const ASK_TOPIC = 'fencepost-bench/ask';
export const ANSWER_TOPIC = 'fencepost-bench/answer';

/** As much as is needed here. */
export const LINK_LIMITS: { packetBytesMax: number; backlogBytesMax: number } = {
  packetBytesMax: 1_024,
  backlogBytesMax: 1 << 20,
};

function main(url: string): void {
  const link = mqttLink(
    {
      ...{ ...LINK_LIMITS, url, protocol: 5, clientId: 'fencepost-bench-echo' },
      subscriptions: [{ topic: ASK_TOPIC, qos: 1 }],
    },
    {
      up: () => process.stdout.write('ready\n'),
      lost: (reason) => process.stderr.write(`the echo lost its broker: ${reason}\n`),
      message: (_, bytes) => link.publish(ANSWER_TOPIC, bytes, { qos: 1 }),
    },
  );
  process.stdin.on('end', () => process.exit(0)).resume();
}

const url = process.argv[2];
if (url?.startsWith('mqtt://') && process.argv[1]?.includes('echo')) main(url);
