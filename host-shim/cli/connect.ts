/** From what stands on the command line to a board: its own socket, or a broker and a key. */
import { readKeysFile } from '../../protocol/keys-file.ts';
import { mqttAccess } from '../../protocol/mqtt-secrets.ts';
import { orderClient } from '../../protocol/order-client.ts';
import { orderOverMqtt } from '../../protocol/order-mqtt.ts';
import { problemText } from '../../protocol/problem-text.ts';
import { readFile } from '../../protocol/read-file.ts';
import { type Failure, failure, ok, type Result } from '../../protocol/result.ts';
import type { Problem } from '../../protocol/toml.ts';
import { keyRing } from '../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { sendingKid } from '../../protocol/wire/session/orderer.ts';
import { parseCliConfig } from '../config/cli-config.ts';
import type { Board, BoardFailure } from './board.ts';
import { boardOverMqtt } from './board-mqtt.ts';
import { boardAtSocket } from './board-socket.ts';
import type { Route } from './command-set.ts';

const SOCKET_DEFAULT = '/run/fencepost/agent.sock';

/** Reaches the board by `route`; `who` names the person for the board's records. */
export async function connectBoard(
  route: Route,
  who: string,
): Promise<Result<Board, BoardFailure>> {
  if (route.config === undefined) return boardAtSocket(route.socket ?? SOCKET_DEFAULT, who);
  if (route.socket !== undefined) {
    return failure('wrong-use', 'give --socket (this machine) or --config (the broker), not both');
  }
  return boardByConfig(route.config);
}

async function boardByConfig(path: string): Promise<Result<Board, BoardFailure>> {
  const file = readFile(path);
  if (!file.ok) return wrongFile(file.problems);
  const parsed = parseCliConfig(file.text, path);
  if (!parsed.ok) return wrongFile(parsed.problems);
  const { agent, mqtt, orderer, keysPath } = parsed.config;
  const keys = readKeysFile(keysPath);
  if (!keys.ok) return wrongFile(keys.problems);
  const crypto = nodeCrypto();
  const ring = keyRing(crypto, keys.keys);
  if (sendingKid(ring, orderer.name) === undefined) {
    const detail = `${keysPath} has no key of the orderer ${orderer.name}; add its line "order ..."`;
    return failure('wrong-use', detail);
  }
  const access = await mqttAccess(mqtt);
  if (!access.ok) return failure('wrong-use', access.detail);
  const client = orderClient(
    {
      crypto,
      ring,
      agent: agent.id,
      orderer: { orderer: orderer.id, name: orderer.name },
      channel: 'mqtt',
    },
    orderOverMqtt({ access: access.value, agentName: agent.name, ordererName: orderer.name }),
  );
  return ok(boardOverMqtt(client));
}

function wrongFile(problems: readonly Problem[]): Failure<'wrong-use'> {
  const lines = problems
    .map((one) => problemText(one))
    .join('')
    .trimEnd();
  return failure('wrong-use', `the files are not right:\n${lines}`);
}
