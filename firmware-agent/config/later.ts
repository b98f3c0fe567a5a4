/**
 * Keys that the design has and this version has not: a file that uses one is refused in so many
 * words, because a timer or a self-fence that is silently ignored would be trusted.
 */
export const LATER: ReadonlySet<string> = new Set([
  'reference',
  'retry_boot',
  'checks',
  'resources',
  'workloads',
  'recovery',
  'http',
  'metrics',
  'diagnose',
]);
