/**
 * Names are looked up by a thread of Node's small pool, and a resolver that does not answer holds
 * that thread for half a minute. Reconnecting every few seconds would soon hold all of them, and
 * files and serial ports need them too. So one name is looked up at a time, and whoever asks
 * meanwhile is refused and tries again with its back-off.
 */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

let asking: string | undefined;

/** Looks up one name at a time; others fail at once with the name that holds them up. */
export const singleLookup: LookupFunction = (hostname, options, callback) => {
  if (asking !== undefined) {
    callback(new Error(`the look-up of ${asking} has not ended yet`), '', 0);
    return;
  }
  asking = hostname;
  lookup(hostname, options, (error, address, family) => {
    asking = undefined;
    callback(error, address, family);
  });
};
