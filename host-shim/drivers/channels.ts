/**
 * The two ways a host's beats take, behind one small shape.
 *
 * Each has its own link, buffer and back-off, so a clogged one costs the other nothing: an offer
 * that cannot be sent at once is dropped there, because a late heartbeat is worth nothing.
 */
import { mqttLink } from '../../protocol/link/mqtt.ts';
import { serialLink } from '../../protocol/link/serial.ts';
import { after, type Timer } from '../../protocol/link/timers.ts';
import type { MqttSettings } from '../../protocol/mqtt-fields.ts';
import { mqttAccess } from '../../protocol/mqtt-secrets.ts';
import type { Instant } from '../../protocol/wire/instant.ts';
import { clientId, hostDown, hostUp } from '../../protocol/wire/topics.ts';

export interface ChannelEvents {
  up(): void;
  lost(reason: string): void;
  frame(bytes: Uint8Array): void;
}

export interface ChannelPath {
  /** Offers one frame; it may be dropped. */
  send(frame: Uint8Array): void;
  close(): Promise<void>;
}

/** The largest frame that a shim is sent is a WELCOME of some 60 bytes; the wire's cap is this. */
const PACKET_BYTES_MAX = 1_024;

/** A few seconds of beats; more would arrive stale. */
const BACKLOG_BYTES_MAX = 2_048;

/** A password that cannot be read now may be readable once a disk is mounted or a vault is up. */
const SECRETS_RETRY_MS = 10_000;

export function serialPath(
  serial: { path: string; baud: number },
  events: ChannelEvents,
): ChannelPath {
  const link = serialLink(serial, events);
  return { send: (frame) => void link.send(frame), close: () => link.close() };
}

export interface BrokerNames {
  agent: string;
  host: string;
}

export interface BrokerEvents extends ChannelEvents {
  /** The broker, which is on another machine, answered what was sent at `askedAt`. */
  answered(askedAt: Instant): void;
}

/** Connects as soon as its secrets can be read; until then the channel is lost, with the reason. */
export function mqttPath(
  settings: MqttSettings,
  { agent, host }: BrokerNames,
  events: BrokerEvents,
): ChannelPath {
  const down = hostDown(agent, host);
  const up = hostUp(agent, host);
  let link: ReturnType<typeof mqttLink> | undefined;
  let retry: Timer | undefined;
  let closed = false;

  const open = async (): Promise<void> => {
    const access = await mqttAccess(settings);
    if (closed) return;
    if (!access.ok) {
      events.lost(access.detail);
      retry = after(SECRETS_RETRY_MS, () => void open());
      return;
    }
    const bounds = { packetBytesMax: PACKET_BYTES_MAX, backlogBytesMax: BACKLOG_BYTES_MAX };
    const setup = {
      ...access.value,
      ...bounds,
      clientId: clientId(agent, host),
      subscriptions: [{ topic: down, qos: 0 as const }],
    };
    link = mqttLink(setup, {
      up: events.up,
      lost: events.lost,
      answered: (askedAt, isHere) => {
        if (!isHere) events.answered(askedAt);
      },
      message: (topic, payload, { retain }) => {
        // Nothing that is alive is retained.
        if (topic === down && !retain) events.frame(payload);
      },
    });
  };
  void open();

  return {
    send: (frame) => void link?.publish(up, frame, { qos: 0 }),
    close: async () => {
      closed = true;
      retry?.cancel();
      await link?.close();
    },
  };
}
