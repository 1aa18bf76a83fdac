import { randomUUID } from 'node:crypto';
import {
  DescribeEventBusCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { isElsewhere } from '../../outbox/check-bus.ts';
import type { Context } from '../context.ts';
import { eventType } from '../own-rows.ts';
import { answerTo, NotObservable, type Scenario } from '../scenario.ts';

// A source that no consumer rule with a source matches.
const source = 'outbox.certify';

// Sizes are tested on a bus that does not exist, so that nobody receives the accepted entries.
const ghostBus = `outbox-certify-${randomUUID()}`;

const MAX_BYTES = 1_048_576;

const entry = (given: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: ghostBus,
  Source: source,
  DetailType: eventType,
  Detail: '{}',
  ...given,
});

/** An entry with this counted size in bytes. */
function entryOf(bytes: number): PutEventsRequestEntry {
  const rest = `{"pad":""}`.length + source.length + eventType.length;
  return entry({ Detail: `{"pad":"${'x'.repeat(bytes - rest)}"}` });
}

const put = async ({ eventBridge }: Context, ...Entries: PutEventsRequestEntry[]) =>
  eventBridge.send(new PutEventsCommand({ Entries }));

const answerOf = ({ EventId, ErrorCode }: PutEventsResultEntry = {}) =>
  ErrorCode ?? (EventId === undefined ? 'nothing' : 'EventId');

const putOne = async (context: Context, given: PutEventsRequestEntry) => {
  const { Entries = [] } = await put(context, given);
  return answerOf(Entries[0]);
};

export const eventBridge: readonly Scenario[] = [
  {
    id: 'bus-exists',
    sentence: 'The bus of the outbox exists, and DescribeEventBus says so.',
    needs: [],
    expected: { found: 'accepted' },
    async observe({ eventBridge, target }) {
      const Name = target.need('eventBusName');
      if (isElsewhere(Name, target.need('processorArn')))
        throw new NotObservable('the bus is in another account or region, where it cannot be described');
      return { found: await answerTo(eventBridge.send(new DescribeEventBusCommand({ Name }))) };
    },
  },
  {
    id: 'ghost-bus',
    sentence:
      'PutEvents accepts an event for a bus that does not exist; DescribeEventBus tells that there is none.',
    needs: [],
    expected: { failedEntryCount: 0, entry: 'EventId', described: 'ResourceNotFoundException' },
    async observe(context) {
      const { FailedEntryCount = -1, Entries = [] } = await put(context, entry());
      return {
        failedEntryCount: FailedEntryCount,
        entry: answerOf(Entries[0]),
        described: await answerTo(context.eventBridge.send(new DescribeEventBusCommand({ Name: ghostBus }))),
      };
    },
  },
  {
    id: 'partial-failure',
    sentence: 'PutEvents accepts one entry and refuses its neighbour, in one answer of status 200.',
    needs: [],
    expected: { status: 200, failedEntryCount: 1, good: 'EventId', malformed: 'MalformedDetail' },
    async observe(context) {
      const EventBusName = context.target.need('eventBusName');
      const {
        $metadata,
        FailedEntryCount = -1,
        Entries = [],
      } = await put(context, entry({ EventBusName }), entry({ EventBusName, Detail: '{' }));
      return {
        status: $metadata.httpStatusCode ?? 0,
        failedEntryCount: FailedEntryCount,
        good: answerOf(Entries[0]),
        malformed: answerOf(Entries[1]),
      };
    },
  },
  {
    id: 'entry-refusals',
    sentence: 'PutEvents refuses, entry by entry, what the table refuses at insert.',
    needs: [],
    expected: {
      array: 'MalformedDetail',
      levels1000: 'EventId',
      levels1001: 'MalformedDetail',
      int64: 'EventId',
      beyondInt64: 'MalformedDetail',
      detailType129: 'EventId',
      sourceOfAws: 'NotAuthorizedForSourceException',
    },
    async observe(context) {
      const detail = (Detail: string) => putOne(context, entry({ Detail }));
      const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
      return {
        array: await detail('[]'),
        levels1000: await detail(nested(1000)),
        levels1001: await detail(nested(1001)),
        int64: await detail('{"n":9223372036854775807}'),
        beyondInt64: await detail('{"n":9223372036854775808}'),
        // Accepted by EventBridge and then dropped; the outbox table refuses such an event.
        detailType129: await putOne(context, entry({ DetailType: 'x'.repeat(129) })),
        sourceOfAws: await putOne(context, entry({ Source: 'aws.certify' })),
      };
    },
  },
  {
    id: 'request-limits',
    sentence: 'PutEvents takes 10 entries and 1,048,576 bytes a request, in one entry or in several.',
    needs: [],
    expected: {
      entries10: 'accepted',
      entries11: 'ValidationException',
      over256KiB: 'accepted',
      bytes1MiB: 'accepted',
      oneByteMore: 'ValidationException',
      bytes1MiBInTwo: 'accepted',
      oneByteMoreInTwo: 'ValidationException',
      timeCounts14Bytes: 'ValidationException',
    },
    async observe(context) {
      const answer = (...entries: PutEventsRequestEntry[]) => answerTo(put(context, ...entries));
      const entries = (count: number) => Array.from({ length: count }, () => entry());
      return {
        entries10: await answer(...entries(10)),
        entries11: await answer(...entries(11)),
        over256KiB: await answer(entryOf(262_145)),
        bytes1MiB: await answer(entryOf(MAX_BYTES)),
        oneByteMore: await answer(entryOf(MAX_BYTES + 1)),
        bytes1MiBInTwo: await answer(entryOf(MAX_BYTES / 2), entryOf(MAX_BYTES / 2)),
        oneByteMoreInTwo: await answer(entryOf(MAX_BYTES / 2), entryOf(MAX_BYTES / 2 + 1)),
        timeCounts14Bytes: await answer({ ...entryOf(MAX_BYTES - 13), Time: new Date() }),
      };
    },
  },
];
