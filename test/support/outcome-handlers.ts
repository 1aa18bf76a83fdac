import { ExecuteStatementCommand, type Field, RDSDataClient } from '@aws-sdk/client-rds-data';
import { expect } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { parametersOf } from './data-api-parameters.ts';
import { backoffEnvironment, databaseEnvironment } from './handler.ts';

/** The database of a handler that records outcomes, and what such a handler is given. */
export const rdsData = mockClient(RDSDataClient);
export const environment = { ...databaseEnvironment, ...backoffEnvironment };
export const leaseToken = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
export const runId = 'arn:execution';
export const settings = { maxAttempts: 8, backoffBaseSeconds: 10, backoffMaxSeconds: 900 };

interface Answer {
  readonly locked?: readonly string[];
  readonly delayMs?: number;
}

/** The database answers with: rows changed, of these failed for good, outcomes that found no row, locked rows, the longest delay. */
export function recorded(
  changed: number,
  failedForGood: number,
  lost: readonly string[],
  { locked = [], delayMs }: Answer = {},
): void {
  const delay = delayMs === undefined ? { isNull: true } : { doubleValue: delayMs };
  const lists = [lost, locked].map((ids) => ({ stringValue: JSON.stringify(ids) }));
  const row = [{ longValue: changed }, { longValue: failedForGood }, ...lists, delay];
  rdsData.on(ExecuteStatementCommand).resolves({ records: [row as Field[]] });
}

/** The parameters of the one statement that was sent, its JSON parameter parsed. */
export function sentParameters(): Record<string, unknown> {
  const calls = rdsData.commandCalls(ExecuteStatementCommand);
  expect(calls).toHaveLength(1);
  const sent = calls[0]?.args[0].input;
  const named = new Set([...(sent?.sql ?? '').matchAll(/:(\w+)/g)].map(([, name]) => name));
  const parameters = parametersOf(sent);
  expect(new Set(Object.keys(parameters))).toEqual(named);
  const { outcomes } = parameters;
  return typeof outcomes === 'string'
    ? { ...parameters, outcomes: JSON.parse(outcomes) as unknown }
    : parameters;
}
