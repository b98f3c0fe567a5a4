/** `driver = "serial-switch"`: a plug of a switch on a serial port, of a known model or a described one. */
import * as v from 'valibot';
import { attemptSync } from '../../../protocol/attempt.ts';
import {
  baudSchema,
  durationSchema,
  flagSchema,
  pathSchema,
  wordSchema,
} from '../../../protocol/config-fields.ts';
import { says } from '../../../protocol/toml-check.ts';
import type { OutletTable } from './device.ts';
import { outletKeys, outletOf, plugSchema } from './keys.ts';
import { SERIAL_MODELS, type SerialWords } from './serial-models.ts';

const bytesSchema = v.pipe(
  v.string(),
  v.check(
    (text) => /^[\0-\xff]{1,64}$/.test(text),
    says('this is more than 64 bytes, or none', 'Write bytes as "\\u00a0\\u0001" or plain text.'),
  ),
);
const patternSchema = v.pipe(
  v.string(),
  v.check(
    (text) => text !== '' && attemptSync(() => new RegExp(text)).ok,
    says('this is no pattern', 'Write a regular expression for the whole answer.'),
  ),
);

const protocolSchema = v.strictObject({
  baud: baudSchema,
  on: bytesSchema,
  off: bytesSchema,
  done: v.optional(patternSchema),
  ask: v.optional(bytesSchema),
  is_on: v.optional(patternSchema),
  is_off: v.optional(patternSchema),
  answer: durationSchema,
  hello: v.optional(bytesSchema),
});
const DESCRIBED_PLUGS = '[A-Za-z0-9]{1,8}';

export const serialOutletSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({
    driver: v.literal('serial-switch'),
    ...outletKeys,
    path: pathSchema,
    model: v.optional(wordSchema(Object.keys(SERIAL_MODELS))),
    protocol: v.optional(protocolSchema),
    plug: plugSchema,
    contact: wordSchema(['normally-closed', 'normally-open']),
    readable: v.optional(flagSchema),
  }),
  v.check(
    ({ model, protocol }) => (model === undefined) !== (protocol === undefined),
    says('one of model and protocol is needed', 'Name a model, or describe its protocol.'),
  ),
  v.check(
    ({ model = '', plug }) =>
      new RegExp(`^${SERIAL_MODELS[model]?.plugs ?? DESCRIBED_PLUGS}$`).test(plug),
    says('this switch has no such plug', 'Write it as the manual of the switch numbers it.'),
  ),
  v.transform(({ path, plug, contact, model, protocol, ...table }) => {
    const { answerMs = protocol?.answer ?? 0 } = SERIAL_MODELS[model ?? ''] ?? {};
    const { answer: _, is_on: isOn, is_off: isOff, ...words } = protocol ?? {};
    const isRead = protocol === undefined || (isOn !== undefined && isOff !== undefined);
    return {
      // No question is begun that has not the time of an answer left, and another may go before it.
      ...outletOf({ ...table, period: Math.max(table.period ?? 0, 2 * answerMs) }, 0),
      readable: table.readable !== false && isRead,
      device: {
        driver: 'serial-switch' as const,
        same: `${plug} of ${path}`,
        path,
        plug,
        contact,
        answerMs,
        model: model ?? ({ ...words, isOn, isOff } as SerialWords),
      },
    };
  }),
);
