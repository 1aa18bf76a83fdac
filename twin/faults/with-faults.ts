import type { Connection, Operations } from '../http/aws-protocols.ts';
import { RequestBody } from '../http/request.ts';
import type { Call, Faults } from './faults.ts';

/** Puts the fault rules around every operation of a service. */
export function withFaults(
  faults: Faults,
  operations: Operations,
  describe: (operation: string, request: RequestBody) => Call,
): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (request: RequestBody, connection?: Connection) =>
        faults.around(
          () => ({ ...describe(name, request), onReusedConnection: connection?.reused === true }),
          request.caller,
          () => operation(request, connection),
        ),
    ]),
  );
}

export const describeStatement = (operation: string, request: RequestBody): Call => ({
  service: 'rds-data',
  operation,
  sql: request.optionalText('sql'),
});

export const describeEntries = (operation: string, request: RequestBody): Call => ({
  service: 'events',
  operation,
  entries: request.list('Entries').map((entry) => readEntry(new RequestBody(entry))),
});

export const describeEntry = (entry: RequestBody): Call => ({
  service: 'events',
  operation: 'PutEvents',
  entries: [readEntry(entry)],
});

export const describeLogs = (operation: string): Call => ({ service: 'logs', operation });

export const describeExecution = (operation: string): Call => ({ service: 'states', operation });

function readEntry(entry: RequestBody) {
  return { detailType: entry.optionalText('DetailType'), detail: entry.optionalText('Detail') ?? '' };
}
