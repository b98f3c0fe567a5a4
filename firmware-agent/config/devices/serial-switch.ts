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
import { outletKeys, outletOf } from './keys.ts';
import { SERIAL_MODELS, type SerialModel } from './serial-models.ts';

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

const protocolSchema: v.GenericSchema<unknown, SerialModel> = v.pipe(
  v.strictObject({
    baud: baudSchema,
    on: bytesSchema,
    off: bytesSchema,
    done: v.optional(patternSchema),
    ask: v.optional(bytesSchema),
    is_on: v.optional(patternSchema),
    is_off: v.optional(patternSchema),
    answer: durationSchema,
    hello: v.optional(bytesSchema),
  }),
  v.transform(({ is_on: isOn, is_off: isOff, answer: answerMs, ...words }) => ({
    ...(words as Omit<SerialModel, 'plugs' | 'answerMs'>),
    plugs: '[A-Za-z0-9]{1,8}',
    answerMs,
    ...(isOn !== undefined && isOff !== undefined && { isOn, isOff }),
  })),
);

export const serialOutletSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({
    driver: v.literal('serial-switch'),
    ...outletKeys,
    path: pathSchema,
    model: v.optional(wordSchema(Object.keys(SERIAL_MODELS))),
    protocol: v.optional(protocolSchema),
    plug: v.pipe(
      v.union([v.string(), v.number()], says('this names no plug', 'Write plug = "1".')),
      v.transform(String),
    ),
    contact: v.optional(wordSchema(['nc', 'no'])),
    readable: v.optional(flagSchema),
  }),
  v.check(
    ({ model, protocol }) => (model === undefined) !== (protocol === undefined),
    says('one of model and protocol is needed', 'Name a model, or describe its protocol.'),
  ),
  v.check(
    ({ plug, ...table }) => new RegExp(`^${modelOf(table)?.plugs ?? '.*'}$`).test(plug),
    says('this switch has no such plug', 'Write the plug as the manual of the switch numbers it.'),
  ),
  v.check(
    ({ contact, ...table }) => contact !== undefined || modelOf(table)?.relay !== true,
    says(
      'nobody knows how the bare contacts of this relay are wired',
      'Write contact = "nc" (power stays where the board has none) or "no".',
    ),
  ),
  v.transform(({ path, plug, contact = 'no', readable = true, ...table }) => {
    const model = modelOf(table) as SerialModel;
    return {
      // Time for what another plug asks first.
      ...outletOf(table, 2 * model.answerMs),
      readable: readable && model.isOff !== undefined,
      device: {
        driver: 'serial-switch' as const,
        same: `${plug} of ${path}`,
        path,
        plug,
        contact,
        model,
      },
    };
  }),
);

interface Named {
  model?: string | undefined;
  protocol?: SerialModel | undefined;
}

function modelOf({ model = '', protocol }: Named): SerialModel | undefined {
  return protocol ?? SERIAL_MODELS[model];
}
