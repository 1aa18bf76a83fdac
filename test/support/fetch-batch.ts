import { DescribeEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { type Field, RDSDataClient } from '@aws-sdk/client-rds-data';
import { beforeEach } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { databaseEnvironment } from './handler.ts';

/** The database and the bus of fetch-batch; the bus exists. */
export function useFetchBatchMocks() {
  const rdsData = mockClient(RDSDataClient);
  const eventBridge = mockClient(EventBridgeClient);
  beforeEach(() => {
    rdsData.reset();
    eventBridge.reset();
    eventBridge.on(DescribeEventBusCommand).resolves({ Name: 'bellyfed-events' });
  });
  return { rdsData, eventBridge };
}

export const fetchEnvironment = {
  ...databaseEnvironment,
  EVENT_BUS_NAME: 'bellyfed-events',
  BUS_CHECK_TIMEOUT_MS: '1000',
  BATCH_SIZE: '200',
  BATCH_MAX_STATE_BYTES: '240000',
  INLINE_PAYLOAD_BYTES: '240000',
  LEASE_SECONDS: '330',
  MAX_ATTEMPTS: '8',
};
export const fetchInput = { leaseToken: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff', runId: 'arn:execution' };
export const none: Field = { isNull: true };

/** A claimed event as the Data API returns it. Without a detail it has 70,000 bytes and the version 812. */
export const eventRow = (id: string, detail: Field, traceHeader: Field): Field[] => [
  { stringValue: id },
  { stringValue: 'DishRated' },
  detail,
  traceHeader,
  { longValue: Date.parse('2026-11-23T12:00:00.123Z') },
  { longValue: 2 },
  { booleanValue: false },
  ...Array.from({ length: 11 }, () => none),
  ...(detail.isNull ? [{ longValue: 70_000 }, { longValue: 812 }] : [none, none]),
];
/** The last row of a claim, with the counts. */
export const countsRow = (
  more: boolean,
  failedForGood: number,
  reclaimed: number,
  gauges: number[] = [],
): Field[] => [
  ...Array.from({ length: 7 }, () => none),
  { booleanValue: more },
  { longValue: failedForGood },
  { longValue: reclaimed },
  { booleanValue: false },
  ...[0, 1, 2].map((gauge) => (gauges[gauge] === undefined ? none : { doubleValue: gauges[gauge] })),
];
