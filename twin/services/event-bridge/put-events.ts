import { randomUUID } from 'node:crypto';
import { AwsError } from '../../http/aws-error.ts';
import type { Operation } from '../../http/aws-protocols.ts';
import { checkRequest, type Shape } from '../../http/check-request.ts';
import { RequestBody } from '../../http/request.ts';
import type { AcceptedEvent, BusLog } from './bus-log.ts';
import { busArnPattern, busName } from './bus-name.ts';
import { isWellFormedDetail } from './well-formed-detail.ts';

const MAX_REQUEST_BYTES = 1_048_576;
const MAX_DETAIL_TYPE_CHARACTERS = 128;

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and the service model of the SDKs.
// Source, DetailType and Detail have no limits there: they are judged entry by entry.
const putEventsRequest: Shape = {
  type: 'structure',
  name: 'PutEventsRequest',
  members: {
    Entries: {
      type: 'list',
      min: 1,
      max: 10,
      member: {
        type: 'structure',
        name: 'PutEventsRequestEntry',
        members: {
          Time: { type: 'timestamp' },
          Source: { type: 'string' },
          Resources: { type: 'list', member: { type: 'string', max: 2048 } },
          DetailType: { type: 'string' },
          Detail: { type: 'string' },
          EventBusName: {
            type: 'string',
            min: 1,
            max: 1600,
            pattern: String.raw`${busArnPattern}[\.\-_A-Za-z0-9]+`,
          },
          TraceHeader: { type: 'string', min: 1, max: 500 },
        },
      },
    },
    EndpointId: { type: 'string', min: 1, max: 50, pattern: String.raw`^[A-Za-z0-9\-]+[\.][A-Za-z0-9\-]+$` },
  },
  required: ['Entries'],
};

interface EntryError {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

export interface EventBridgeOptions {
  /** Name to ARN. */
  readonly buses: ReadonlyMap<string, string>;
  /** Keeps what the buses accept. */
  readonly log: BusLog;
  readonly now: () => Date;
  /** The error code that a fault rule gives an entry. */
  readonly entryError: (entry: RequestBody) => string | undefined;
}

/** Accepts events, and like AWS also reports some as accepted that it drops. */
export function putEvents({ buses, log, now, entryError }: EventBridgeOptions): Operation {
  return async (request) => {
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
    const answers = entries.map((entry): { EventId: string } | EntryError => {
      const refusal = whyRefused(entry);
      if (refusal !== undefined) return refusal;
      const injected = entryError(entry);
      if (injected !== undefined) return { ErrorCode: injected, ErrorMessage: 'injected by a fault rule' };
      const event = toEvent(entry, now);
      // The lie: an unknown bus or a long detail type gets an id like any other, and the event is gone.
      const kept =
        buses.has(busName(event.EventBusName)) && [...event.DetailType].length <= MAX_DETAIL_TYPE_CHARACTERS;
      if (kept) accepted.push(event);
      return { EventId: event.EventId };
    });
    log.append(accepted);
    return { FailedEntryCount: answers.filter((answer) => 'ErrorCode' in answer).length, Entries: answers };
  };
}

function toEvent(entry: RequestBody, now: () => Date): AcceptedEvent {
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

function whyRefused(entry: RequestBody): EntryError | undefined {
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
