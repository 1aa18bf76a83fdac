import type { Connection, Operations } from '../http/endpoint.ts';
import { RequestBody } from '../http/request.ts';
import type { Lambda } from '../services/lambda/invoke.ts';
import type { Call, Faults } from './faults.ts';
import { nobody } from './held-calls.ts';

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

/** Puts the fault rules around every invocation. */
export function withInvokeFaults(faults: Faults, lambda: Lambda): Lambda {
  return {
    ...lambda,
    async invoke(nameOrArn, payload, { onLeave = nobody.onLeave } = {}) {
      const key = lambda.keyOf(nameOrArn);
      const call = () => describeInvocation(key, JSON.parse(payload));
      const perform = () => lambda.invoke(nameOrArn, payload, { death: faults.crash(call) });
      return faults.around(call, { bytes: payload.length, onLeave }, perform);
    },
  };
}

export function describeInvocation(key: string, payload: unknown): Call {
  const { events = [], outcomes = [] } = (payload ?? {}) as {
    events?: readonly { eventId: string; eventType: string }[];
    outcomes?: readonly { eventId: string }[];
  };
  return {
    service: 'lambda',
    operation: 'Invoke',
    function: key,
    detailTypes: events.map(({ eventType }) => eventType),
    eventIds: [...events, ...outcomes].map(({ eventId }) => eventId),
  };
}

export const describeStatement = (operation: string, request: RequestBody): Call => ({
  service: 'rds-data',
  operation,
  sql: request.optionalText('sql'),
});

export const describeEntries = (operation: string, request: RequestBody): Call => {
  const entries = request.list('Entries').map((entry) => new RequestBody(entry));
  return {
    service: 'events',
    operation,
    detailTypes: entries.map((entry) => entry.optionalText('DetailType') ?? ''),
    eventIds: entries.map(eventIdOf),
  };
};

export const describeEntry = (entry: RequestBody): Call => ({
  service: 'events',
  operation: 'PutEvents',
  detailTypes: [entry.optionalText('DetailType') ?? ''],
  eventIds: [eventIdOf(entry)],
});

export const describeExecution = (operation: string): Call => ({ service: 'states', operation });

/** The id that the outbox writes into each detail; read without parsing what may be a megabyte. */
function eventIdOf(entry: RequestBody): string {
  return /"eventId": ?"([0-9a-f-]{36})"/.exec(entry.optionalText('Detail') ?? '')?.[1] ?? '';
}
