/** The state file on real storage of every mood: absent, read-only, full, torn, hanging. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  SLOT_NAMES,
  type StateClock,
  stateFile,
} from '../../../firmware-agent/drivers/state-file.ts';
import { decodeSlot } from '../../../firmware-agent/drivers/state-slots.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('state file');
const root = mkdtempSync(join(tmpdir(), 'fencepost-state-'));
test.after(() => rmSync(root, { recursive: true }));
let count = 0;

function newDir(): string {
  count += 1;
  return join(root, `dir${count}`);
}

/** A clock that stands until it is moved; moving it fires what is due. */
function handClock(): StateClock & { move(ms: number): void; waiting(): number } {
  let now = 0;
  let timers: { at: number; fn: () => void }[] = [];
  return {
    now: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      const cancel = (): void => {
        timers = timers.filter((other) => other !== timer);
      };
      return { cancel };
    },
    move(ms) {
      now += ms;
      const due = timers.filter((timer) => timer.at <= now);
      timers = timers.filter((timer) => timer.at > now);
      for (const { fn } of due) fn();
    },
    waiting: () => timers.length,
  };
}

function stateIn(dir: string): string {
  const loaded = stateFile(dir).load();
  return loaded.ok ? Buffer.from(loaded.value.payload).toString() : loaded.kind;
}

function slotCounters(dir: string): (number | undefined)[] {
  return SLOT_NAMES.map((name) => {
    const path = join(dir, name);
    return existsSync(path) ? decodeSlot(readFileSync(path))?.counter : undefined;
  });
}

test('what was saved is loaded in the next life, and the slots take turns', async () => {
  const dir = newDir();
  assert.is(stateIn(dir), 'absent');
  for (const life of [1, 2, 3]) {
    const file = stateFile(dir);
    assert.equal(await file.save({ life }, 'now'), { ok: true, value: undefined });
    await file.close();
    assert.is(stateIn(dir), `{"life":${life}}`);
  }
  assert.equal(slotCounters(dir), [3, 2]);
  assert.is(statSync(join(dir, SLOT_NAMES[0])).mode & 0o777, 0o600);
});

test('ordinary saves are at most one a second and the latest wins', async () => {
  const dir = newDir();
  const clock = handClock();
  const file = stateFile(dir, clock);
  await file.save({ n: 1 });
  const saves = [2, 3, 4].map((n) => file.save({ n }));
  assert.is(clock.waiting(), 1);
  assert.is(stateIn(dir), '{"n":1}');
  clock.move(999);
  assert.is(clock.waiting(), 1);
  clock.move(1);
  for (const saved of await Promise.all(saves)) assert.ok(saved.ok);
  assert.is(stateIn(dir), '{"n":4}');
  assert.equal(slotCounters(dir), [1, 2]);
});

test('the intent of a cut does not wait, and takes along what waited', async () => {
  const dir = newDir();
  const clock = handClock();
  const file = stateFile(dir, clock);
  await file.save({ n: 1 });
  const ordinary = file.save({ n: 2 });
  const intent = file.save({ n: 3 }, 'now');
  assert.is(clock.waiting(), 0);
  assert.ok((await ordinary).ok && (await intent).ok);
  assert.is(stateIn(dir), '{"n":3}');
});

test('an object is saved as it was when it was handed over', async () => {
  const dir = newDir();
  const file = stateFile(dir, handClock());
  await file.save({ n: 1 });
  const state = { n: 2 };
  const saved = file.save(state, 'now');
  state.n = 3;
  await saved;
  assert.is(stateIn(dir), '{"n":2}');
});

test('closing saves what waits, and takes no more', async () => {
  const dir = newDir();
  const file = stateFile(dir, handClock());
  await file.save({ n: 1 });
  const waits = file.save({ n: 2 });
  await file.close();
  assert.ok((await waits).ok);
  assert.is(stateIn(dir), '{"n":2}');
  const late = await file.save({ n: 3 });
  assert.is(!late.ok && late.kind, 'closed');
});

test('a torn slot costs the newest state only, is said to be doubtful, and is written next', async () => {
  const dir = newDir();
  const file = stateFile(dir, handClock());
  await file.save('one' as unknown as object, 'now');
  await file.save('two' as unknown as object, 'now');
  const torn = join(dir, SLOT_NAMES[1]);
  writeFileSync(torn, readFileSync(torn).subarray(0, 15));
  const next = stateFile(dir, handClock());
  const loaded = next.load();
  assert.ok(loaded.ok && loaded.value.doubtful && loaded.value.counter === 1);
  await next.save('three' as unknown as object, 'now');
  assert.equal(slotCounters(dir), [1, 2]);
  assert.is(stateIn(dir), '"three"');
});

test('folders and slots that are something else are answered with a kind', async () => {
  const wrong = newDir();
  writeFileSync(wrong, 'a file');
  assert.is(stateIn(wrong), 'absent');
  const saved = await stateFile(wrong).save({}, 'now');
  assert.is(!saved.ok && saved.kind, 'storage');
  const odd = newDir();
  mkdirSync(join(odd, SLOT_NAMES[0]), { recursive: true });
  symlinkSync('/dev/zero', join(odd, SLOT_NAMES[1]));
  assert.is(stateIn(odd), 'corrupt');
  const noise = newDir();
  mkdirSync(noise);
  for (const name of SLOT_NAMES) writeFileSync(join(noise, name), 'x'.repeat(2_000_000));
  assert.is(stateIn(noise), 'corrupt');
});

test('a full disk is "full", and the state before it stays', async () => {
  const dir = newDir();
  mkdirSync(dir);
  const file = stateFile(dir, handClock());
  assert.ok((await file.save({ n: 1 }, 'now')).ok);
  // /dev/full takes every open and no byte.
  symlinkSync('/dev/full', join(dir, SLOT_NAMES[1]));
  for (const n of [2, 3]) {
    const saved = await file.save({ n }, 'now');
    assert.is(!saved.ok && saved.kind, 'full');
    assert.is(stateIn(dir), '{"n":1}');
  }
  rmSync(join(dir, SLOT_NAMES[1]));
  assert.ok((await file.save({ n: 4 }, 'now')).ok);
  assert.is(stateIn(dir), '{"n":4}');
  assert.equal(slotCounters(dir), [1, 4]);
});

test('read-only storage is "read-only" and what it holds is still loaded', async () => {
  // A folder of the kernel refuses files even to root, and says that it is not there.
  const saved = await stateFile('/proc/fencepost').save({}, 'now');
  assert.is(!saved.ok && saved.kind, 'storage');
  if (process.geteuid?.() === 0) return;
  const dir = newDir();
  await stateFile(dir).save({ n: 1 }, 'now');
  for (const name of SLOT_NAMES.slice(0, 1)) chmodSync(join(dir, name), 0o400);
  chmodSync(dir, 0o500);
  const refused = await stateFile(dir).save({ n: 2 }, 'now');
  assert.is(!refused.ok && refused.kind, 'read-only');
  assert.is(stateIn(dir), '{"n":1}');
  chmodSync(dir, 0o700);
});

test('a state that is too large is refused before it touches the disk', async () => {
  const dir = newDir();
  const saved = await stateFile(dir).save(new Uint8Array(2 ** 20 + 1), 'now');
  assert.is(!saved.ok && saved.kind, 'too-large');
  assert.not(existsSync(dir));
});

test('callers that pile up behind a slow disk are turned away, not kept', async () => {
  const file = stateFile(newDir(), handClock());
  const saves = Array.from({ length: 200 }, (_, n) => file.save({ n }));
  const busy = (await Promise.all([...saves.slice(100)])).filter((saved) => !saved.ok);
  assert.is(busy.length, 100);
  await file.close();
  const answers = await Promise.all(saves);
  assert.is(answers.filter((saved) => saved.ok).length, 65);
});

test.run();
