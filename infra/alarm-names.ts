/**
 * The alarms that every outbox has, named after their question. CloudWatch shows them with the name of the outbox in
 * front; docs/operations.md has a section for each, with the same name.
 */
export const alarmNames = [
  'cleanup-behind',
  'cleanup-missing',
  'dead-letters',
  'events-failed',
  'events-late',
  'function-errors',
  'functions-throttled',
  'keys-blocked',
  'leases-lost',
  'no-successful-run',
  'old-snapshot',
  'runs-failed',
  'ticks-dropped',
  'ticks-throttled',
] as const;

/** A cluster with a fixed capacity has no alarm for its capacity. */
export type AlarmName = (typeof alarmNames)[number] | 'database-capacity';
