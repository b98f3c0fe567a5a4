/** `covers` of a sense, whatever its driver: the whole host, or outlets by their names. */
import * as v from 'valibot';
import { nameSchema } from '../../../protocol/config-fields.ts';
import { says } from '../../../protocol/toml-check.ts';
import { OUTLETS_PER_HOST_MAX } from '../../core/limits.ts';

export const coversSchema: v.GenericSchema<unknown, 'host' | string[]> = v.union(
  [
    v.literal('host'),
    v.pipe(v.array(nameSchema), v.minLength(1), v.maxLength(OUTLETS_PER_HOST_MAX)),
  ],
  says('this does not say what the sense covers', 'Write "host", or a list of outlet names.'),
);
