/** Every target, in the order in which they run. */
import type { Target } from '../lib/target.ts';
import { agentCommandLineTarget } from './agent-command-line.ts';
import { boardTarget } from './board.ts';
import { bodyTarget } from './body.ts';
import { brokerTarget } from './broker.ts';
import { commandLineTarget } from './command-line.ts';
import { agentConfigTarget, cliConfigTarget, shimConfigTarget } from './config.ts';
import { controlTarget } from './control.ts';
import { framingTarget } from './framing.ts';
import { hostTarget } from './host.ts';
import { keysTarget } from './keys.ts';
import { mqttTarget } from './mqtt.ts';
import { peekTarget } from './peek.ts';
import { shimCommandLineTarget } from './shim-command-line.ts';
import { argsTarget, topicsTarget } from './words.ts';

export const TARGETS: readonly Target[] = [
  peekTarget,
  framingTarget,
  bodyTarget,
  boardTarget,
  hostTarget,
  argsTarget,
  topicsTarget,
  keysTarget,
  controlTarget,
  mqttTarget,
  brokerTarget,
  agentConfigTarget,
  shimConfigTarget,
  cliConfigTarget,
  commandLineTarget,
  agentCommandLineTarget,
  shimCommandLineTarget,
];
