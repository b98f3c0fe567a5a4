/**
 * The board's own socket: people and scripts on the board ask and order without keys.
 *
 * A bad line is answered with an error and the next one is read. An order goes on when its client
 * hangs up: who ordered a fence and lost patience must not leave a host half fenced.
 */
import { CLIENTS_MAX, OPEN_ORDERS_PER_CLIENT_MAX } from '../../protocol/control/limits.ts';
import type { Line } from '../../protocol/control/lines.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  decodeRequest,
  encodeLine,
} from '../../protocol/control/messages.ts';
import { type LineServer, lineServer, type SocketRefusal } from '../../protocol/control/server.ts';
import type { Result } from '../../protocol/result.ts';
import type { Desk } from './desk.ts';

/** Serves `desk` at `path`; `warn` is told in a sentence what is not as it should be. */
export function controlSocket(
  path: string,
  desk: Desk,
  warn: (sentence: string) => void,
): Promise<Result<LineServer, SocketRefusal>> {
  const detail = `${CLIENTS_MAX} clients are connected already; close one and ask again`;
  return lineServer(path, {
    greet: (say) => clerk(desk, (answer) => say(encodeLine(answer))),
    busyLine: encodeLine({ id: null, is: 'error', kind: 'busy', detail }),
    warn,
  });
}

/** Answers the lines of one client. */
function clerk(desk: Desk, say: (answer: ControlAnswer) => void): (line: Line) => void {
  let openOrders = 0;
  const order = (request: Extract<ControlRequest, { ask: 'order' }>): void => {
    if (openOrders >= OPEN_ORDERS_PER_CLIENT_MAX) {
      const detail = `${OPEN_ORDERS_PER_CLIENT_MAX} orders of this client run already`;
      say({ id: request.id, is: 'error', kind: 'busy', detail });
      return;
    }
    openOrders += 1;
    let ended = false;
    desk.order(request.order, `${request.who ?? 'operator'} (local)`, (answer) => {
      const final = answer.outcome !== 'accepted';
      if (final && !ended) {
        ended = true;
        openOrders -= 1;
      }
      say({ id: request.id, is: 'order', answer, final });
    });
  };
  return (line) => {
    if (!line.ok) return say({ id: null, is: 'error', kind: 'bad', detail: line.detail });
    if (line.value.trim() === '') return;
    const request = decodeRequest(line.value);
    if (!request.ok) {
      return say({ id: request.id, is: 'error', kind: 'bad', detail: request.detail });
    }
    if (request.value.ask === 'order') return order(request.value);
    if (request.value.ask === 'reload') {
      const { id } = request.value;
      void desk.reload().then(({ ok, problems }) => say({ id, is: 'reload', ok, problems }));
      return;
    }
    if (request.value.ask === 'doctor') {
      const { id } = request.value;
      void desk.doctor().then((facts) => say({ id, is: 'doctor', facts }));
      return;
    }
    say(answerTo(request.value, desk));
  };
}

type Question = Exclude<ControlRequest, { ask: 'order' | 'reload' | 'doctor' }>;

function answerTo(request: Question, desk: Desk): ControlAnswer {
  const { id } = request;
  if (request.ask === 'view') return { id, is: 'view', view: desk.view() };
  if (request.ask === 'keys') return { id, is: 'keys', keys: desk.keys() };
  const { host } = request;
  const names = desk.view().hosts.map(({ name }) => name);
  if (host === undefined || names.includes(host)) {
    return { id, is: 'records', records: desk.records(host) };
  }
  const known = names.join(', ') || 'none';
  const detail = `no host is called ${host} here; the hosts are: ${known}`;
  return { id, is: 'error', kind: 'unknown-host', detail };
}
