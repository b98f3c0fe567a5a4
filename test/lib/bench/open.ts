/** The bench's devices as the agent opens them, each by its plug. */
import { benchDriver } from '../../../firmware-agent/drivers/bench.ts';
import type { PowerSwitch, Sense } from '../../../firmware-agent/ports/power.ts';

export interface OpenBench {
  switchOf(plug: string): Promise<PowerSwitch>;
  senseOf(plug: string): Promise<Sense>;
  close(): Promise<void>;
}

/** Opens nothing yet; each device connects to the bench behind `socket`. */
export function openBench(socket: string): OpenBench {
  const driver = benchDriver();
  const asked = (plug: string) => ({
    name: plug,
    periodMs: 50,
    device: { driver: 'bench' as const, same: plug, socket, plug },
  });
  const none = { host: 'web', outlets: [], senses: [], pulses: [] };
  return {
    switchOf: async (plug) => {
      const { outlets } = await driver.open({ ...none, outlets: [asked(plug)] });
      return outlets[0] as PowerSwitch;
    },
    senseOf: async (plug) => {
      const { senses } = await driver.open({ ...none, senses: [asked(plug)] });
      return senses[0] as Sense;
    },
    close: driver.close,
  };
}
