import {
  clientId,
  echo,
  hostDown,
  hostState,
  hostUp,
  isName,
  parseUp,
  result,
  topicsOf,
} from '../../../protocol/wire/topics.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('topics');

test('the names are those that access lists of brokers are written against', () => {
  assert.equal(topicsOf('rack1'), {
    base: 'fencepost/rack1',
    status: 'fencepost/rack1/status',
    event: 'fencepost/rack1/event',
    order: 'fencepost/rack1/order',
    upFilter: 'fencepost/rack1/host/+/up',
    echo: 'fencepost/rack1/host/-/up',
  });
  assert.is(hostUp('rack1', 'db-1'), 'fencepost/rack1/host/db-1/up');
  assert.is(hostDown('rack1', 'db-1'), 'fencepost/rack1/host/db-1/down');
  assert.is(hostState('rack1', 'db-1'), 'fencepost/rack1/host/db-1/state');
  assert.is(result('rack1', 'anna'), 'fencepost/rack1/result/anna');
});

test('the host is read from its own topic and from no other', () => {
  assert.is(parseUp(hostUp('rack1', 'db-1')), 'db-1');
  for (const topic of [
    echo('rack1'),
    hostDown('rack1', 'db-1'),
    'fencepost/rack1/host/a/b/up',
    'fencepost/rack1/host//up',
    'fencepost/rack1/host/+/up',
    'other/rack1/host/a/up',
    'fencepost//host/a/up',
    '/fencepost/rack1/host/a/up',
    '',
  ]) {
    assert.is(parseUp(topic), undefined, topic);
  }
});

test('a name can be no wildcard, no path, no echo, and not too long', () => {
  for (const name of ['a', 'A.b_c-9', 'x'.repeat(63)]) assert.ok(isName(name), name);
  for (const name of ['', '-', '+', '#', 'a/b', 'a b', 'ä', 'x'.repeat(64)]) {
    assert.not(isName(name), name);
    assert.throws(() => hostUp('rack1', name));
    assert.throws(() => hostUp(name, 'db-1'));
  }
});

test('no two of agents and hosts have one client id, however their names are cut', () => {
  const ids = [
    clientId('a'),
    clientId('a', 'b'),
    clientId('a-b'),
    clientId('a', 'b-c'),
    clientId('a-b', 'c'),
    clientId('a', 'b.c'),
    clientId('a.b', 'c'),
  ];
  assert.is(new Set(ids).size, ids.length);
});

test.run();
