/** From what stands on the command line to a board: its own socket, or a key and ways for its frames. */
import { readKeysFile } from '../../protocol/keys-file.ts';
import { mqttAccess } from '../../protocol/mqtt-secrets.ts';
import { type OrderRoute, orderClient } from '../../protocol/order-client.ts';
import { orderOverMqtt } from '../../protocol/order-mqtt.ts';
import { orderOverShim } from '../../protocol/order-shim.ts';
import { problemText } from '../../protocol/problem-text.ts';
import { readFile } from '../../protocol/read-file.ts';
import { type Failure, failure, ok, type Result } from '../../protocol/result.ts';
import type { Problem } from '../../protocol/toml.ts';
import { keyRing } from '../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { sendingKid } from '../../protocol/wire/session/orderer.ts';
import { type CliConfig, parseCliConfig } from '../config/cli-config.ts';
import type { Board, BoardFailure } from './board.ts';
import { boardOverFrames } from './board-sealed.ts';
import { boardAtSocket } from './board-socket.ts';
import type { Route } from './command-set.ts';

export const SOCKET_DEFAULT = '/run/fencepost/agent.sock';

/** Reaches the board by `route`; `who` names the person for the board's records. */
export async function connectBoard(
  route: Route,
  who: string,
): Promise<Result<Board, BoardFailure>> {
  if (route.config === undefined) return boardAtSocket(route.socket ?? SOCKET_DEFAULT, who);
  if (route.socket !== undefined) {
    return failure(
      'wrong-use',
      'give --socket (the agent of this machine) or --config (elsewhere), not both',
    );
  }
  return boardByConfig(route.config);
}

async function boardByConfig(path: string): Promise<Result<Board, BoardFailure>> {
  const file = readFile(path);
  if (!file.ok) return wrongFile(file.problems);
  const parsed = parseCliConfig(file.text, path);
  if (!parsed.ok) return wrongFile(parsed.problems);
  const { agent, orderer, keysPath, hosts } = parsed.config;
  const keys = readKeysFile(keysPath);
  if (!keys.ok) return wrongFile(keys.problems);
  const crypto = nodeCrypto();
  const ring = keyRing(crypto, keys.keys);
  if (sendingKid(ring, orderer.name) === undefined) {
    const detail = `${keysPath} has no key of the orderer ${orderer.name}; add its line "order ..."`;
    return failure('wrong-use', detail);
  }
  const routes = await routesOf(parsed.config);
  if (!routes.ok) return routes;
  const client = orderClient(
    { crypto, ring, agent: agent.id, orderer: { orderer: orderer.id, name: orderer.name } },
    routes.value,
  );
  return ok(boardOverFrames(client, hosts));
}

async function routesOf({
  agent,
  orderer,
  mqtt,
  shim,
}: CliConfig): Promise<Result<OrderRoute[], BoardFailure>> {
  const routes = shim === undefined ? [] : [orderOverShim(shim.socket)];
  const access = mqtt && (await mqttAccess(mqtt));
  if (access?.ok === false) {
    // A password on a disk that is gone must not keep an order from the other way.
    if (routes.length === 0) return failure('wrong-use', access.detail);
    routes.push(closedRoute('the broker', access.detail));
  }
  if (access?.ok) {
    const names = { agentName: agent.name, ordererName: orderer.name };
    routes.push(orderOverMqtt({ access: access.value, ...names }));
  }
  return ok(routes);
}

function closedRoute(name: string, why: string): OrderRoute {
  const path = { send: () => {}, close: async () => {} };
  const connect: OrderRoute['connect'] = ({ lost }) => {
    lost(why);
    return path;
  };
  return { name, channel: 'mqtt', connect };
}

function wrongFile(problems: readonly Problem[]): Failure<'wrong-use'> {
  const lines = problems
    .map((one) => problemText(one))
    .join('')
    .trimEnd();
  return failure('wrong-use', `the files are not right:\n${lines}`);
}
