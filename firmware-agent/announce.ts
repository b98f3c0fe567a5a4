/**
 * Tells the world: the log, the event and state topics, the alert hook, who gave an order.
 *
 * All of it is best effort and off the judge's path. What can be trusted is under a MAC (RESULT,
 * STATE); the JSON here is for people and dashboards.
 */

import type { MqttLink } from '../protocol/link/mqtt.ts';
import type { Logger } from '../protocol/log.ts';
import { hostState, topicsOf } from '../protocol/wire/topics.ts';
import type { HostView } from '../protocol/wire/view.ts';
import type { News } from './core/alarms.ts';
import type { BoardSettings } from './core/settings.ts';
import type { AlertHookDriver } from './drivers/alert-hook.ts';

export interface Announcer {
  news(news: News): void;
  /** Publishes the state of a host if its words changed since the last call. */
  state(host: HostView): void;
  /** The broker is new to us: everything retained is said again. */
  online(): void;
}

export interface AnnouncerSetup {
  board: BoardSettings;
  life: string;
  log: Logger;
  hook: AlertHookDriver | undefined;
  mqtt: () => MqttLink | undefined;
  wallClock: () => Date;
}

const LEVEL = { info: 'info', warning: 'warn', alarm: 'error' } as const;

export function announcer(setup: AnnouncerSetup): Announcer {
  const { board, life, log, hook, mqtt, wallClock } = setup;
  const topics = topicsOf(board.name);
  const names = new Map(board.hosts.map(({ host, name }) => [host, name]));
  const told = new Map<string, string>();

  const publish = (topic: string, value: object, retain: boolean): boolean =>
    mqtt()?.publish(topic, Buffer.from(JSON.stringify(value)), { qos: 1, retain }) ?? false;

  return {
    news: (news) => {
      const host = news.host === undefined ? undefined : names.get(news.host);
      const way = news.remedy === undefined ? '' : `; ${news.remedy}`;
      log[LEVEL[news.level]](`${news.text}${way}`, { host, code: news.code, over: news.over });
      const event = {
        at: wallClock().toISOString(),
        agent: board.name,
        level: news.level,
        code: news.code,
        host: host ?? null,
        text: news.text,
        remedy: news.remedy ?? null,
        over: news.over === true,
      };
      publish(topics.event, event, false);
      if (news.level === 'alarm') hook?.offer(event);
    },
    state: ({ name, phase, incarnation, outlets, senses, keptOffBy }) => {
      const state = { host: name, phase, incarnation, outlets, senses, keptOffBy };
      const words = JSON.stringify(state);
      if (told.get(name) === words) return;
      if (publish(hostState(board.name, name), state, true)) told.set(name, words);
    },
    online: () => {
      told.clear();
      publish(topics.status, { agent: board.name, status: 'online', life }, true);
    },
  };
}
