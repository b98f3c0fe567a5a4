/** `driver = "mqtt-plug"`: a plug on the network, and what it measures, over the broker of `[mqtt]`. */
import * as v from 'valibot';
import { wordSchema } from '../../../protocol/config-fields.ts';
import { says } from '../../../protocol/toml-check.ts';
import type { MqttPlugDevice, OutletTable, SenseTable } from './device.ts';
import { outletKeys, outletOf, plugSchema, senseKeys, senseOf } from './keys.ts';

/** A plug on a radio answers within a tenth of it. */
const PERIOD_MS = 500;
/** The first relay, as each numbers them. */
const FIRST = { tasmota: '1', shelly: '0', zigbee2mqtt: '' };

const place = {
  driver: v.literal('mqtt-plug'),
  style: wordSchema(['tasmota', 'shelly', 'zigbee2mqtt']),
  topic: v.pipe(
    v.string(),
    v.check(
      (text) => /^[^+#\p{Cc}/][^+#\p{Cc}]{0,200}$/u.test(text),
      says('this is no topic', 'Write the topic of the plug, without wildcards.'),
    ),
  ),
  plug: v.optional(plugSchema),
};

const wattsSchema = v.pipe(
  v.number(says('this must be a number', 'Write watts, such as 8.')),
  v.check(
    (watts) => watts > 0 && watts < 1e5,
    says('no plug measures that', 'Write watts, such as 8.'),
  ),
);

export const plugOutletSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({ ...place, ...outletKeys }),
  v.transform((table) => ({
    ...outletOf(table, PERIOD_MS),
    readable: true,
    device: plugOf(table),
  })),
);

export const plugSenseSchema: v.GenericSchema<unknown, SenseTable> = v.pipe(
  v.strictObject({ ...place, ...senseKeys, on_above: wattsSchema, off_below: wattsSchema }),
  v.check(
    (table) => table.off_below <= table.on_above,
    says('it would be on and off at once', 'Write off_below less than on_above.'),
  ),
  v.transform((table) => ({
    ...senseOf(table, PERIOD_MS),
    device: { ...plugOf(table), onAboveW: table.on_above, offBelowW: table.off_below },
  })),
);

type Place = Pick<MqttPlugDevice, 'style' | 'topic'> & { plug?: string | undefined };

function plugOf({ style, topic, plug = FIRST[style] }: Place): MqttPlugDevice {
  return { driver: 'mqtt-plug', same: `${style} ${topic} ${plug}`, style, topic, plug };
}
