import * as z from 'zod';
import { eventIds, executionArn, readRequest, text, time } from './request-fields.ts';

/** A replay cannot use this request; nothing was published. */
export class InvalidReplayRequest extends Error {
  override readonly name = 'InvalidReplayRequest';
}

/** A rate is in events a second. */
export const replayLimits = { maxRate: 200, defaultRate: 20, maxEvents: 100_000 } as const;

/** A batch takes 10 seconds at any rate up to 20; at higher rates it has 200 events, whose outcomes fit a state. */
const BATCH_SECONDS = 10;
const MAX_BATCH = 200;
// The history of a Standard execution ends at 25,000 entries. A batch takes 31 with a run of the processor before it;
// what is left is for retries.
const MAX_BATCHES = 500;

const conditions = {
  executionArn: executionArn.optional(),
  eventIds: eventIds('replay').optional(),
  eventType: text('eventType').optional(),
  aggregateType: text('aggregateType').optional(),
  aggregateId: z.string().min(1).optional(),
  processedAfter: time.optional(),
  processedBefore: time.optional(),
};

const schema = z.strictObject({
  ...conditions,
  all: z.boolean().optional(),
  limit: z.int().min(1).optional(),
  rate: z.int().min(1).max(replayLimits.maxRate).default(replayLimits.defaultRate),
  reason: z.string().min(1).max(500).optional(),
  dryRun: z.boolean().default(false),
});

/** As a person writes it. */
export type ReplayRequest = z.input<typeof schema>;

/** With its defaults. */
export type ReadReplayRequest = z.infer<typeof schema> & {
  /** Events that this replay publishes at most: its limit, or what the history of its execution holds. */
  readonly most: number;
  /** Events of one batch. */
  readonly batch: number;
};

/**
 * Reads the input of a replay that a person started.
 * @throws InvalidReplayRequest that contains what was received and what is allowed
 */
export function readReplayRequest(input: unknown): ReadReplayRequest {
  const refused = (message: string) => new InvalidReplayRequest(message);
  const request = readRequest(schema, conditions, input, {
    everything: 'replay every processed event',
    refused,
  });
  const batch = Math.min(MAX_BATCH, BATCH_SECONDS * request.rate);
  const held = Math.min(replayLimits.maxEvents, MAX_BATCHES * batch);
  const { limit: most = held } = request;
  if (most > held)
    throw refused(
      `limit is ${most}: at ${request.rate} a second one replay publishes at most ${held} events; lower the limit, or raise the rate up to ${replayLimits.maxRate}`,
    );
  return { ...request, most, batch };
}
