import { randomUUID } from 'node:crypto';
import { AwsError } from '../../http/aws-error.ts';
import { checkRequest } from '../../http/check-request.ts';
import { RequestBody } from '../../http/request.ts';
import type { AcceptedEvent, BusLog } from './bus-log.ts';
import { isWellFormedDetail } from './detail.ts';
import { describeEventBusRequest, putEventsRequest } from './request-shapes.ts';

const MAX_REQUEST_BYTES = 1_048_576;
const MAX_DETAIL_TYPE_CHARACTERS = 128;

type EntryAnswer = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

/** EventBridge: PutEvents and DescribeEventBus, with AWS's lies about events that it drops. */
export function createEventBridge(
  buses: ReadonlyMap<string, string>,
  log: BusLog,
  now: () => Date,
  entryError: (entry: RequestBody) => string | undefined,
) {
  async function putEvents(request: RequestBody): Promise<object> {
    checkRequest(putEventsRequest, request.fields);
    if (request.has('EndpointId'))
      throw new AwsError('ValidationException', 'the twin has no global endpoints: leave out EndpointId');
    const entries = request.list('Entries').map((entry) => new RequestBody(entry));
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    if (bytes > MAX_REQUEST_BYTES) {
      throw new AwsError(
        'ValidationException',
        'Total size of the entries in the request is over the limit.',
      );
    }
    const accepted: AcceptedEvent[] = [];
    const answers = entries.map((entry): EntryAnswer => {
      const refusal = whyRefused(entry);
      if (refusal !== undefined) return refusal;
      const injected = entryError(entry);
      if (injected !== undefined) return { ErrorCode: injected, ErrorMessage: 'injected by a fault rule' };
      const event = toEvent(entry);
      // The lie: an unknown bus or a long detail type gets an id like any other, and the event is gone.
      const kept =
        buses.has(busName(event.EventBusName)) && [...event.DetailType].length <= MAX_DETAIL_TYPE_CHARACTERS;
      if (kept) accepted.push(event);
      return { EventId: event.EventId };
    });
    log.append(accepted);
    return { FailedEntryCount: answers.filter((answer) => 'ErrorCode' in answer).length, Entries: answers };
  }

  function toEvent(entry: RequestBody): AcceptedEvent {
    const seconds = entry.optionalNumber('Time');
    return {
      EventId: randomUUID(),
      Time: (seconds === undefined ? now() : new Date(Math.round(seconds * 1000))).toISOString(),
      Source: entry.text('Source'),
      DetailType: entry.text('DetailType'),
      Detail: entry.text('Detail'),
      Resources: entry.list('Resources').map(String),
      EventBusName: entry.optionalText('EventBusName') ?? 'default',
    };
  }

  return {
    operations: {
      PutEvents: putEvents,
      async DescribeEventBus(request: RequestBody): Promise<object> {
        checkRequest(describeEventBusRequest, request.fields);
        const name = busName(request.optionalText('Name') ?? 'default');
        const arn = buses.get(name);
        if (arn === undefined)
          throw new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
        return { Name: name, Arn: arn };
      },
    },
  };
}

/** A bus may be named by its ARN. */
function busName(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn.slice(nameOrArn.indexOf('/') + 1) : nameOrArn;
}

function entryBytes(entry: RequestBody): number {
  const texts = [
    entry.optionalText('Source'),
    entry.optionalText('DetailType'),
    entry.optionalText('Detail'),
    ...entry.list('Resources').map(String),
  ];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? '', 'utf8'), 0);
  return bytes + (entry.has('Time') ? 14 : 0);
}

function whyRefused(entry: RequestBody): { ErrorCode: string; ErrorMessage: string } | undefined {
  const missing = ['Source', 'DetailType', 'Detail'].find((name) => !entry.optionalText(name));
  if (missing !== undefined) {
    const ErrorMessage = `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`;
    return { ErrorCode: 'InvalidArgument', ErrorMessage };
  }
  // Only AWS's own services may use the prefix.
  if (entry.text('Source').startsWith('aws.')) {
    return {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    };
  }
  if (!isWellFormedDetail(entry.text('Detail'))) {
    return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  }
  return undefined;
}
