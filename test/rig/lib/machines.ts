/**
 * The three machines of the rig, as QEMU emulates them, and where a probe finds their GPIO lines.
 *
 * `virt` has a PL061 of eight lines (3 is its power button), a PCI UART as COM port and edges that are
 * told; `raspi3b` has the Pi's own chip, whose lines can only be looked at again and again, and its good
 * UART as COM port. The server is a PC whose second UART is the COM port.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Guest, guest } from './guest.ts';
import { openQtest, type Qtest } from './qemu-sockets.ts';
import type { Timeline } from './timeline.ts';

export interface MachineSetup {
  name: string;
  dir: string;
  logs: string;
  /** The first memory file: kernel modules and init, and behind it what this machine is to run. */
  initrd: string;
  timeline: Timeline;
}

export interface Board {
  guest: Guest;
  /** The COM port inside the guest. */
  port: string;
  chip: string;
  /** Lines that are free for relays, and for senses. */
  relays: readonly BoardLine[];
  senses: readonly BoardLine[];
  /** Which lines are driven high, as bits: as outputs, by the chip's registers. */
  driven(): Promise<number>;
  /** What a wire from outside puts on an input. */
  drive(line: BoardLine, isHigh: boolean): Promise<void>;
  /** Each edge of an output; undefined where the emulator does not tell, and only levels can be read. */
  onEdge?: (listen: (line: number, isHigh: boolean) => void) => void;
}

export interface BoardLine {
  offset: number;
  /** As a configuration names it. */
  line: string;
}

/** Where setup.sh put everything. */
export const CACHE: string =
  process.env['FENCEPOST_RIG_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fencepost-rig');

const cached = (name: string): string => join(CACHE, name);

/** Whether setup.sh has been here. */
export function isSetUp(): boolean {
  return existsSync(cached('made'));
}

/** Stalls of the board are judged by the agent inside; a server may be slow. */
const BOARD_NICENESS = -15;
const SERVER_NICENESS = -5;

const BARE = ['-display', 'none', '-nodefaults', '-no-user-config', '-serial', 'stdio'];
/** The guest sees this machine's 127.0.0.1 as 10.0.2.2, and nothing else. */
const NETWORK = ['-netdev', 'user,id=net,ipv6=off,restrict=off'];

const socketDevice = (id: string, path: string): string[] => [
  '-chardev',
  `socket,id=${id},path=${path},server=on,wait=off`,
];
const qmpAt = (path: string): string[] => ['-qmp', `unix:${path},server=on,wait=off`];
const qtestAt = (path: string): string[] => [
  ...['-qtest', `unix:${path},server=on,wait=off`, '-qtest-log', 'none'],
];
const diskOf = (arch: string): string[] => [
  '-drive',
  `file=${cached(`node-${arch}.squashfs`)},if=virtio,format=raw,readonly=on`,
];

/** A server: two UARTs, one disk, one network card. */
export function server({ initrd, ...setup }: MachineSetup): Guest {
  return guest({
    ...{ ...setup, sockets: ['com'], niceness: SERVER_NICENESS },
    program: 'qemu-system-x86_64',
    args: (socket) => [
      ...['-M', 'q35', '-cpu', 'max', '-accel', 'tcg,thread=multi', '-smp', '1', '-m', '384'],
      ...BARE,
      ...socketDevice('com', socket('com')),
      ...['-serial', 'chardev:com'],
      ...qmpAt(socket('qmp')),
      ...['-kernel', cached('kernel-amd64'), '-initrd', initrd],
      ...['-append', 'console=ttyS0 quiet'],
      ...diskOf('amd64'),
      ...[...NETWORK, '-device', 'virtio-net-pci,netdev=net,id=nic'],
    ],
  });
}

const PL061 = { base: 0x0903_0000, data: 0x3fc, direction: 0x400 };

/** A board with a PL061, whose edges are told. */
export function virtBoard({ initrd, ...setup }: MachineSetup): Board {
  const machine = guest({
    ...{ ...setup, sockets: ['com', 'qtest'], niceness: BOARD_NICENESS },
    program: 'qemu-system-aarch64',
    args: (socket) => [
      ...['-M', 'virt,gic-version=3', '-cpu', 'cortex-a57', '-accel', 'tcg,thread=multi'],
      ...['-smp', '1', '-m', '384', ...BARE],
      ...socketDevice('com', socket('com')),
      ...['-device', 'pci-serial,chardev=com'],
      ...qmpAt(socket('qmp')),
      ...qtestAt(socket('qtest')),
      ...['-kernel', cached('kernel-arm64'), '-initrd', initrd],
      ...['-append', 'console=ttyAMA0 quiet'],
      ...diskOf('arm64'),
      ...[...NETWORK, '-device', 'virtio-net-pci,netdev=net,id=nic'],
    ],
  });
  const listeners: ((line: number, isHigh: boolean) => void)[] = [];
  let chip = '';
  const probe = probeOf(machine, async (qtest) => {
    const tree = await machine.qmp().command('human-monitor-command', {
      'command-line': 'info qom-tree',
    });
    const device = /\/(device\[\d+\]) \(pl061\)/.exec(String(tree))?.[1];
    if (device === undefined) throw new Error('this machine has no PL061');
    chip = `/machine/unattached/${device}`;
    qtest.onEdge((line, isHigh) => {
      for (const listen of listeners) listen(line, isHigh);
    });
    await qtest.ask(`irq_intercept_out ${chip}`);
  });
  return {
    guest: machine,
    port: '/dev/ttyS0',
    chip: '9030000.pl061',
    relays: [lineAt(0), lineAt(4)],
    senses: [lineAt(1), lineAt(5)],
    driven: async () => {
      const qtest = await probe();
      const data = await qtest.read(PL061.base + PL061.data);
      return data & (await qtest.read(PL061.base + PL061.direction));
    },
    drive: async ({ offset }, isHigh) => {
      await (await probe()).ask(`set_irq_in ${chip} unnamed-gpio-in ${offset} ${isHigh ? 1 : 0}`);
    },
    onEdge: (listen) => {
      listeners.push(listen);
    },
  };
}

/** Function select, set, clear and level registers; a line is an output where its function is 1. */
const BCM = { base: 0x3f20_0000, set: 0x1c, clear: 0x28, level: 0x34 };

/** A Raspberry Pi 3 with the Pi's own GPIO chip. */
export function raspiBoard({ initrd, ...setup }: MachineSetup): Board {
  const machine = guest({
    ...{ ...setup, sockets: ['com', 'qtest'], niceness: BOARD_NICENESS },
    program: 'qemu-system-aarch64',
    args: (socket) => [
      // With a thread for each of its four processors this machine boots ten times slower.
      ...['-M', 'raspi3b', '-accel', 'tcg,thread=single'],
      ...['-display', 'none', '-nodefaults', '-no-user-config'],
      ...socketDevice('com', socket('com')),
      ...['-serial', 'chardev:com', '-serial', 'stdio'],
      ...qmpAt(socket('qmp')),
      ...qtestAt(socket('qtest')),
      ...['-kernel', cached('kernel-arm64'), '-dtb', cached('pi3.dtb'), '-initrd', initrd],
      ...['-append', 'console=ttyS1,115200 quiet loglevel=1'],
      ...['-drive', `file=${cached('node-arm64.squashfs')},if=sd,format=raw,snapshot=on`],
      ...[...NETWORK, '-device', 'usb-net,netdev=net,id=nic'],
    ],
  });
  const probe = probeOf(machine, async () => undefined);
  const named = (offset: number): BoardLine => ({ offset, line: `"GPIO${offset}"` });
  const relays = [named(17), named(18)];
  return {
    guest: machine,
    port: '/dev/ttyAMA0',
    chip: 'pinctrl-bcm2835',
    relays,
    senses: [named(22), named(23)],
    driven: async () => {
      const qtest = await probe();
      const level = await qtest.read(BCM.base + BCM.level);
      let outputs = 0;
      for (const select of [0, 1, 2]) {
        const functions = await qtest.read(BCM.base + 4 * select);
        for (let i = 0; i < 10; i += 1) {
          if (((functions >>> (3 * i)) & 7) === 1) outputs |= 1 << (10 * select + i);
        }
      }
      // The emulated pins have no pulls: an input would keep the level that it was last driven to.
      const adrift = relays.filter(({ offset }) => ((level & ~outputs) >>> offset) & 1);
      for (const { offset } of adrift) await qtest.write(BCM.base + BCM.clear, 1 << offset);
      return level & outputs;
    },
    // The emulated chip has no pins, but its set and clear registers move an input, too.
    drive: async ({ offset }, isHigh) => {
      await (await probe()).write(BCM.base + (isHigh ? BCM.set : BCM.clear), (1 << offset) >>> 0);
    },
  };
}

function lineAt(offset: number): BoardLine {
  return { offset, line: String(offset) };
}

/** Opens the probe once for each time that the machine is on: the emulator listens to one client. */
function probeOf(machine: Guest, prepare: (qtest: Qtest) => Promise<void>): () => Promise<Qtest> {
  let probe: Promise<Qtest> = Promise.reject(new Error(`${machine.name} is off`));
  probe.catch(() => undefined);
  machine.onPower((isOn) => {
    if (!isOn) return;
    probe = openQtest(machine.socket('qtest')).then(async (qtest) => {
      await prepare(qtest);
      return qtest;
    });
    probe.catch(() => undefined);
  });
  return () => probe;
}
