/** What the person who runs a scenario gives it: `make scenario ONLY=duel ROUNDS=1000 SEED=7`. */

/** A whole number above 0 from the environment; throws on anything else. */
export function given(name: 'ROUNDS' | 'KILLS' | 'SEED' | 'MINUTES', usual: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return usual;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`${name} is "${text}"; remedy: give a whole number above 0`);
}

/** The seed of this run: yours, or one that was never used before. */
export function givenSeed(): number {
  return given('SEED', (Date.now() % 1_000_000) + 1);
}
