import { readFileSync } from 'node:fs';
import { VERSION } from '../../protocol/version.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('version');

test('what --version prints is the version of the package', () => {
  assert.is(JSON.parse(readFileSync('package.json', 'utf8')).version, VERSION);
});

test.run();
