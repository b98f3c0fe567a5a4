/** The path of orders through a broker: one topic there, a topic of the orderer's own back. */
import { randomBytes } from 'node:crypto';
import { mqttLink } from './link/mqtt.ts';
import type { MqttAccess } from './mqtt-secrets.ts';
import type { OrderPath, OrderPathEvents, OrderRoute } from './order-client.ts';
import { order as orderTopic, result as resultTopic } from './wire/topics.ts';

export interface OrderMqttSetup {
  access: MqttAccess;
  agentName: string;
  ordererName: string;
}

/** A STATE with the largest body, and its topic. */
const PACKET_BYTES_MAX = 65_536;

/** Questions are 60 bytes: this holds hundreds, and an order is never the one that is dropped. */
const BACKLOG_BYTES_MAX = 65_536;

/** The route. Several clients of one orderer may run at once: each has a client id of its own. */
export function orderOverMqtt(setup: OrderMqttSetup): OrderRoute {
  return { name: 'the broker', channel: 'mqtt', connect: (events) => openPath(setup, events) };
}

function openPath(
  { access, agentName, ordererName }: OrderMqttSetup,
  events: OrderPathEvents,
): OrderPath {
  const answers = resultTopic(agentName, ordererName);
  const link = mqttLink(
    {
      ...access,
      clientId: `fencepost-${ordererName}-${randomBytes(4).toString('hex')}`,
      subscriptions: [{ topic: answers, qos: 1 }],
      packetBytesMax: PACKET_BYTES_MAX,
      backlogBytesMax: BACKLOG_BYTES_MAX,
    },
    {
      up: events.up,
      lost: events.lost,
      message: (topic, payload, { retain }) => {
        // Answers are never retained; one that is was put there by somebody else.
        if (topic === answers && !retain) events.frame(payload);
      },
    },
  );
  return {
    send: (frame, { ttlMs, id }) => {
      const reply = { responseTopic: answers, correlationData: id };
      link.publish(orderTopic(agentName), frame, {
        qos: 1,
        expiryS: Math.ceil(ttlMs / 1_000),
        ...reply,
      });
    },
    close: () => link.close(),
  };
}
