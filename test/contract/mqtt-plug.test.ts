/** Plugs over MQTT keep the contracts of switches and senses, here over MQTT 3.1.1 and aedes. */
import { type EmbeddedBroker, embeddedBroker } from '../lib/brokers/embedded.ts';
import { suite } from '../lib/suite.ts';
import { plugTests } from './mqtt-plug.ts';

const test = suite('mqtt plug');
let broker: EmbeddedBroker | undefined;

test.before(async () => {
  broker = await embeddedBroker();
});
test.after(async () => {
  await broker?.close();
});
plugTests(test, () => ({ url: broker?.url ?? '', protocol: 4 }));

test.run();
