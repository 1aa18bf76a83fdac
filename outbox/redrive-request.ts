import * as z from 'zod';
import { eventIds, executionArn, readRequest, text, time } from './request-fields.ts';

/** A redrive cannot use this request; nothing was changed. */
export class InvalidRedriveRequest extends Error {
  override readonly name = 'InvalidRedriveRequest';
}

const conditions = {
  executionArn: executionArn.optional(),
  eventIds: eventIds('redrive').optional(),
  eventType: text('eventType').optional(),
  aggregateId: z.string().min(1).optional(),
  errorType: z.string().min(1).optional(),
  failedAfter: time.optional(),
  failedBefore: time.optional(),
};

const schema = z.strictObject({
  ...conditions,
  runIsStopped: z.boolean().optional(),
  all: z.boolean().optional(),
  limit: z.int().min(1).optional(),
  dryRun: z.boolean().optional(),
});

export type RedriveRequest = z.infer<typeof schema>;

/**
 * Reads the input of a redrive that a person started.
 * @throws InvalidRedriveRequest that contains what was received and what is allowed
 */
export function readRedriveRequest(input: unknown): RedriveRequest {
  const refused = (message: string) => new InvalidRedriveRequest(message);
  const request = readRequest(schema, conditions, input, {
    everything: 'redrive every failed event',
    refused,
  });
  if (request.runIsStopped === true && request.executionArn === undefined)
    throw refused('runIsStopped says something about one run: give its executionArn too');
  return request;
}
