/**
 * How much one path may ask for: a bucket of tokens that refills with time. What is over the limit
 * is dropped and counted, so a runaway shim or a replayed handshake costs a bounded amount of work.
 */
import type { Instant } from '../instant.ts';

export interface Rate {
  /** Refill. */
  perMs: number;
  /** Size of the bucket. */
  burst: number;
}

export interface Bucket {
  tokens: number;
  at: Instant;
}

export function fullBucket(rate: Rate): Bucket {
  return { tokens: rate.burst, at: Number.NEGATIVE_INFINITY };
}

/** Takes one token; false when there is none. */
export function take(bucket: Bucket, rate: Rate, now: Instant): boolean {
  const elapsedMs = Math.max(0, now - bucket.at);
  bucket.tokens = Math.min(rate.burst, bucket.tokens + elapsedMs * rate.perMs);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
