import {
  echoCell,
  feedAlive,
  feedWelcome,
  tickFor,
} from '../../../../protocol/wire/session/echo.ts';
import { assert, suite } from '../../../lib/suite.ts';

const test = suite('echo');

test('the echo of a life only grows, though an ALIVE of a slower channel comes later', () => {
  const cell = echoCell();
  const aNonce = new Uint8Array(8).fill(1);
  feedWelcome(cell, aNonce, 7, 1_000);
  feedAlive(cell, aNonce, { tick: 9, sentAt: undefined }, 5_000, 2_000);
  feedAlive(cell, aNonce, { tick: 8, sentAt: undefined }, 5_000, 2_100);
  assert.is(tickFor(cell, aNonce), 9);
});

test.run();
