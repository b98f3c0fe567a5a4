/** The world's failures as values: callers switch on `kind`, people read `detail`. */
export type Result<T, K extends string = string> = { ok: true; value: T } | Failure<K>;

export interface Failure<K extends string = string> {
  ok: false;
  kind: K;
  detail: string;
}

export function ok<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}

export function failure<K extends string>(kind: K, detail: string): Failure<K> {
  return { ok: false, kind, detail };
}
