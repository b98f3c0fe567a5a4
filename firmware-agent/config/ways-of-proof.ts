/**
 * By what the silence of a host could be shown to be its own: the configuration's part of rule S3.
 *
 * Near proof shows that the board would have heard: its own echo through a broker elsewhere, or
 * beats of another host on the same broker or adapter; it counts where two channels fell silent.
 * Far proof shows that the host's own line works, or that its power is gone.
 */
import type { HostSettings } from '../core/settings.ts';
import { uncovered } from './host-devices.ts';

export interface WaysOfProof {
  /** One channel: near proof says nothing of it. */
  single: boolean;
  echo: boolean;
  others: boolean;
  modem: boolean;
  senses: boolean;
}

/** How many hosts are heard over the broker, and over each adapter. */
export interface Audience {
  brokerOnBoard: boolean;
  mqtt: number;
  adapters: ReadonlyMap<string, number>;
}

export function audienceOf(hosts: readonly HostSettings[], brokerOnBoard: boolean): Audience {
  const adapters = new Map<string, number>();
  for (const { serial } of hosts) {
    const adapter = serial?.adapter;
    if (adapter !== undefined) adapters.set(adapter, (adapters.get(adapter) ?? 0) + 1);
  }
  return { brokerOnBoard, mqtt: hosts.filter(({ mqtt }) => mqtt).length, adapters };
}

export function waysOfProof(host: HostSettings, heard: Audience): WaysOfProof {
  const { serial, mqtt, senses } = host;
  const single = !mqtt || serial === undefined;
  const onAdapter = (heard.adapters.get(serial?.adapter ?? '') ?? 0) > 1;
  return {
    single,
    // Our own echo proves a broker that is elsewhere, another host's beats prove any.
    echo: !single && !heard.brokerOnBoard,
    others: !single && (onAdapter || heard.mqtt > 1),
    modem: serial?.modem === true,
    senses:
      senses.length > 0 &&
      uncovered(host).length === 0 &&
      senses.every((sense) => sense.showsBreak),
  };
}
