import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { answerTo, heavyCalls } from '../../bench/cpu/calls.ts';
import { environment } from '../../bench/database/handler-calls.ts';
import { parametersOf } from '../support/data-api-parameters.ts';
import { coldStart, invoke } from '../support/handler.ts';

const rdsData = mockClient(RDSDataClient);
const eventBridge = mockClient(EventBridgeClient);

// As the SDK client decodes it.
const decoded = (value: object) =>
  'blobValue' in value ? { blobValue: Buffer.from(String(value.blobValue), 'base64') } : value;

rdsData.on(ExecuteStatementCommand).callsFake(async (input: { sql: string }) => ({
  records: answerTo({ sql: input.sql, parameters: parametersOf(input as never) }).map((row) =>
    row.map((value) => decoded(value as object)),
  ),
}));
eventBridge.on(PutEventsCommand).callsFake(async ({ Entries = [] }: { Entries?: unknown[] }) => ({
  FailedEntryCount: 0,
  Entries: Entries.map((_, index) => ({ EventId: `eb-${index}` })),
}));

test.each(heavyCalls.map((call) => [call.name, call] as const))(
  'the measured call succeeds with an answer in the form of the database: %s',
  async (_, call) => {
    const { error } = await invoke(await coldStart(call.function, environment), call.payload as object);

    expect(error).toBeUndefined();
  },
);

test('every function that a state machine invokes is measured', () => {
  expect([...new Set(heavyCalls.map((call) => call.function))].sort()).toEqual([
    'fetch-batch',
    'mark-failed',
    'mark-processed',
    'mark-replayed',
    'publish-event',
    'purge-events',
    'release-batch',
    'replay-events',
    'requeue-events',
    'verify-redrive',
  ]);
});
