import type { ExecuteStatementCommandInput } from '@aws-sdk/client-rds-data';

/** A statement's parameters by name, as plain values. */
export function parametersOf(input: ExecuteStatementCommandInput | undefined): Record<string, unknown> {
  return Object.fromEntries(
    (input?.parameters ?? []).map(({ name = '', value = {} }) => [name, Object.values(value)[0]]),
  );
}

/** A row of an answer. */
export const fieldsOf = (values: readonly (number | string)[]) =>
  values.map((value) => (typeof value === 'number' ? { longValue: value } : { stringValue: value }));
