import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { EntryResult, Publisher } from '../../outbox/put-events.ts';
import { fromLambda } from './environment.ts';
import { logger } from './telemetry.ts';

/** The trace of an invocation that X-Ray samples. */
interface Trace {
  readonly traceId: string;
  readonly parentId: string;
  readonly daemon: { readonly host: string; readonly port: number };
}

const socket = createSocket('udp4').unref();

/**
 * A publisher that sends X-Ray a subsegment for every event of a request. It links to the trace in which the event was
 * written and tells how long the event was in the outbox. The names are those of OpenTelemetry's semantic conventions
 * for messaging. Without sampling it costs nothing, and publishing depends on none of it.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
export function traced(publisher: Publisher): Publisher {
  return {
    async publish(entries) {
      const trace = sampledTrace();
      if (trace === undefined) return publisher.publish(entries);
      const startedAt = Date.now();
      const report = (resultOf: (index: number) => EntryResult | undefined) =>
        sendSubsegments(trace, entries, startedAt, resultOf).catch((error: unknown) =>
          logger.warn('no subsegment was sent to X-Ray', { error }),
        );
      try {
        const results = await publisher.publish(entries);
        await report((index) => results[index]);
        return results;
      } catch (error) {
        if (error instanceof Error) await report(() => ({ error }));
        throw error;
      }
    },
  };
}

function sampledTrace(): Trace | undefined {
  const header = fromLambda('_X_AMZN_TRACE_ID');
  const [traceId, parentId, sampled] = ['Root', 'Parent', 'Sampled'].map(
    (name) => new RegExp(`(?:^|;)\\s*${name}=([\\w-]+)`).exec(header)?.[1],
  );
  // Either one address for both protocols, or `tcp:host:port udp:host:port`. A name would have to be looked up first.
  const [, host, port] =
    /(?:^|udp:)((?:\d+\.){3}\d+):(\d+)$/.exec(fromLambda('AWS_XRAY_DAEMON_ADDRESS')) ?? [];
  if (sampled !== '1' || traceId === undefined || parentId === undefined) return undefined;
  if (host === undefined || port === undefined) return undefined;
  return { traceId, parentId, daemon: { host, port: Number(port) } };
}

function subsegment(
  { traceId, parentId }: Trace,
  { Detail = '{}', EventBusName, DetailType, Time }: PutEventsRequestEntry,
  startedAt: number,
  result: EntryResult | undefined,
): object {
  const { eventId, traceparent, replayId } = JSON.parse(Detail) as Readonly<Record<string, unknown>>;
  const error = result !== undefined && 'error' in result ? result.error : undefined;
  const [, linkedTrace = '', linkedSpan] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(String(traceparent)) ?? [];
  return {
    name: `send ${EventBusName}`,
    id: randomBytes(8).toString('hex'),
    ...{ trace_id: traceId, parent_id: parentId, type: 'subsegment' },
    ...{ start_time: startedAt / 1_000, end_time: Date.now() / 1_000 },
    ...(error !== undefined && { fault: true }),
    annotations: {
      'messaging.message.id': eventId,
      // From when it was written to when it was sent.
      'outbox.wait.ms': startedAt - (Time?.getTime() ?? startedAt),
    },
    metadata: {
      default: {
        'messaging.system': 'aws_eventbridge',
        'messaging.operation.type': 'send',
        'messaging.operation.name': 'PutEvents',
        'messaging.destination.name': EventBusName,
        'outbox.event.type': DetailType,
        ...(replayId !== undefined && { 'outbox.replay.id': replayId }),
        ...(error !== undefined && { 'error.type': error.name, 'error.message': error.message }),
        ...(result !== undefined &&
          'eventBridgeId' in result && { 'aws.eventbridge.id': result.eventBridgeId }),
      },
    },
    // X-Ray writes a trace id of the W3C with its version and a hyphen behind the first 8 digits.
    ...(linkedSpan !== undefined && {
      links: [{ trace_id: `1-${linkedTrace.slice(0, 8)}-${linkedTrace.slice(8)}`, id: linkedSpan }],
    }),
  };
}

async function sendSubsegments(
  trace: Trace,
  entries: readonly PutEventsRequestEntry[],
  startedAt: number,
  resultOf: (index: number) => EntryResult | undefined,
): Promise<void> {
  const { host, port } = trace.daemon;
  await Promise.all(
    entries.map((entry, index) => {
      const document = JSON.stringify(subsegment(trace, entry, startedAt, resultOf(index)));
      const message = `{"format": "json", "version": 1}\n${document}`;
      return new Promise<void>((resolve, reject) =>
        socket.send(message, port, host, (error) => (error ? reject(error) : resolve())),
      );
    }),
  );
}
