/**
 * Any fence agent as a power switch: a program of somebody else's that knows one kind of device.
 *
 * It is told what to do on its standard input, one `key=value` a line, and answers by its exit code:
 * 0 is done, or on; 2 is off; all else is a failure (FenceAgentAPI). But shells and interpreters end
 * with 2 when they cannot even read the program. So off is believed only where the agent says so in
 * words as well, as their common library does, and a reading is only a `status` asked for afresh.
 *
 * The program may hang, fork, flood us with words or ignore its end. It gets a process group of its
 * own, which is killed when its time is over or its words are too many; one runs at a time for each
 * address, since many a controller has one session; and one that cannot be killed is not joined by
 * another. What it printed is shown without the password.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { attemptSync } from '../../protocol/attempt.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import { readSecret } from '../../protocol/secret.ts';
import type { FenceAgentDevice } from '../config/devices/device.ts';
import type { Asked, Contact, Driver, PowerSwitch } from '../ports/power.ts';
import { type Call, type DeviceQueue, deviceQueue, type Use } from './device-queue.ts';
import { type DriverLog, type Trouble, troubleOf } from './trouble.ts';

type Action = 'status' | 'off' | 'on';

interface Ended {
  code: number | null;
  /** What it printed, cut off. */
  said: string;
  /** The last line of its complaints. */
  complaint: string;
}

/** A program that starts takes a small board half a second; the core misses a device after 10 s. */
const IDLE_MS = 5_000;
/** Beyond this it is not read any more, and killed. */
const OUTPUT_BYTES_MAX = 65_536;
/** What is kept of that. */
const KEPT_CHARS_MAX = 4_096;
const COMPLAINT_CHARS_MAX = 200;

/** Starts nothing before the first question; `close` kills what runs. */
export function fenceAgentDriver(tools: { log: DriverLog }): Driver<FenceAgentDevice> {
  const queues = new Map<string, DeviceQueue>();
  const queueOf = ({ program, options }: FenceAgentDevice): DeviceQueue => {
    const { ip, ipaddr = ip, plug, ...others } = options;
    const address = `${program} ${ipaddr ?? JSON.stringify([plug, others])}`;
    const queue = queues.get(address) ?? deviceQueue();
    queues.set(address, queue);
    return queue;
  };
  return {
    open: async ({ host, outlets }) => ({
      outlets: outlets.map((outlet) => {
        const trouble = troubleOf(tools.log, outlet.name, host);
        return switchOf(outlet, queueOf(outlet.device), trouble);
      }),
      senses: [],
      pulses: [],
    }),
    close: async () => {
      for (const queue of queues.values()) queue.close();
    },
  };
}

function switchOf(
  { name, periodMs, device }: Asked<FenceAgentDevice>,
  queue: DeviceQueue,
  trouble: Trouble,
): PowerSwitch {
  const { program, same: outlet, timeLimitMs } = device;
  const secret = secretOf(device);
  const use =
    <T>(action: Action, meaningOf: (ended: Ended) => Result<T>): Use<T> =>
    async (call) => {
      const password = await secret();
      if (!password.ok) return call.answer(password);
      if (call.leftMs() <= 0) return;
      const answer = (ended: Result<Ended>): void => {
        if (!ended.ok) return call.answer(ended);
        const complaint = hidden(ended.value.complaint, password.value);
        call.answer(meaningOf({ ...ended.value, complaint }));
      };
      await run(program, inputOf(device, action, password.value), { answer, onGone: call.onGone });
    };
  return {
    name,
    periodMs,
    idleMs: IDLE_MS,
    turn: async (to) => {
      const word = to === 'open' ? 'off' : 'on';
      const outcome = await queue.command({ outlet, word }, timeLimitMs, use(word, doneOf));
      return trouble(outcome, `${program} ${word}: `);
    },
    read: async () => {
      const contact = await queue.ask(periodMs, use('status', contactOf));
      trouble(contact, `${program} status: `);
      return contact.ok ? contact.value : 'unknown';
    },
  };
}

function inputOf(
  { options }: FenceAgentDevice,
  action: Action,
  password: string | undefined,
): string {
  const all = { ...options, ...(password !== undefined && { password }), action };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Fetched at the first call, and kept once it was had. */
function secretOf({ password }: FenceAgentDevice): () => Promise<Result<string | undefined>> {
  let had: Result<string | undefined> = ok(undefined);
  let isHad = password === undefined;
  return async () => {
    if (password === undefined || isHad) return had;
    had = await readSecret(password);
    isHad = had.ok;
    return had;
  };
}

function contactOf(ended: Ended): Result<Contact> {
  const isOff = /\boff\s*$/im.test(ended.said);
  const isOn = /\bon\s*$/im.test(ended.said);
  if (ended.code === 0 && !isOff) return ok('closed');
  if (ended.code === 2 && isOff && !isOn) return ok('open');
  return failed(ended, ended.code === 1 ? '' : ', and its words do not say the same');
}

function doneOf(ended: Ended): Result<void> {
  return ended.code === 0 ? ok(undefined) : failed(ended);
}

function failed({ code, complaint }: Ended, more = ''): Result<never> {
  const end = code === null ? 'it was killed' : `it ended with ${code}${more}`;
  return failure('refused', complaint === '' ? end : `${end}: ${complaint}`);
}

function hidden(text: string, secret: string | undefined): string {
  return secret === undefined ? text : text.replaceAll(secret, '(hidden)');
}

/** Runs the program once; it resolves when the program is gone. */
function run(
  program: string,
  input: string,
  { answer, onGone }: Pick<Call<Ended>, 'answer' | 'onGone'>,
): Promise<void> {
  const spawned = attemptSync(() => spawn(program, [], { detached: true, stdio: 'pipe' }));
  if (!spawned.ok) {
    answer(failure(spawned.kind, `it cannot be started (${spawned.kind})`));
    return Promise.resolve();
  }
  const child = spawned.value;
  const kill = (): void => {
    killGroup(child);
    // A child of its own that got away may hold them open for ever.
    for (const output of [child.stdout, child.stderr]) output.destroy();
  };
  onGone(kill);
  let bytes = 0;
  const kept = (stream: NodeJS.ReadableStream): { text: string } => {
    const words = { text: '' };
    stream.setEncoding('utf8').on('data', (text: string) => {
      bytes += text.length;
      // The end of a complaint is its point, so the latest is kept.
      words.text = (words.text + text).slice(-KEPT_CHARS_MAX);
      if (bytes <= OUTPUT_BYTES_MAX) return;
      answer(failure('flood', `it printed more than ${OUTPUT_BYTES_MAX} bytes and was killed`));
      kill();
    });
    return words;
  };
  const said = kept(child.stdout);
  const complaints = kept(child.stderr);
  // An agent that does not read to the end is not at fault for that.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      answer(failure('unstartable', `it cannot be started (${error.code})`));
      if (child.pid === undefined) resolve();
    });
    // It has ended by then, and all that it printed was read.
    child.on('close', (code) => {
      const complaint = lastLine(complaints.text).slice(0, COMPLAINT_CHARS_MAX);
      answer(ok({ code, said: said.text, complaint }));
      resolve();
    });
  });
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** The program leads a group of its own, so that its children end with it. */
function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) attemptSync(() => process.kill(-pid, 'SIGKILL'));
}
