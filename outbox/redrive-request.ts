import * as z from 'zod';
import { fits, maxCharacters } from './text-limits.ts';
import { canonicalUuid } from './uuid.ts';

/** A redrive cannot use this request; nothing was changed. */
export class InvalidRedriveRequest extends Error {
  override readonly name = 'InvalidRedriveRequest';
}

// The input of an execution has 262,144 bytes, and an id takes 39 of them. The remaining bytes are for other conditions.
const MAX_EVENT_IDS = 6_500;

// The received value is cut, so that the error fits a state.
const MAX_ECHO = 1_000;

const uuid = z.string().transform((text, context) => {
  const id = canonicalUuid(text);
  if (id === undefined) context.addIssue('expected a uuid');
  return id ?? z.NEVER;
});

const text = (name: keyof typeof maxCharacters) =>
  z.string().refine((given) => fits(name, given), `expected 1 to ${maxCharacters[name]} characters`);

export const expressExecutionArn = /^arn:[\w-]+:states:[\w-]+:\d{12}:express:[\w-]+:[\w-]+:[\w-]+$/;

const conditions = {
  executionArn: z.string().regex(expressExecutionArn, 'expected the arn of an express execution').optional(),
  eventIds: z
    .array(uuid)
    .min(1, 'expected at least one id')
    .max(MAX_EVENT_IDS, `expected at most ${MAX_EVENT_IDS} ids: start a redrive for the others`)
    .optional(),
  eventType: text('eventType').optional(),
  aggregateId: z.string().min(1).optional(),
  errorType: z.string().min(1).optional(),
  failedAfter: z.iso
    .datetime({ offset: true, error: 'expected an iso 8601 time with its offset' })
    .optional(),
  failedBefore: z.iso
    .datetime({ offset: true, error: 'expected an iso 8601 time with its offset' })
    .optional(),
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
  const { success, data: request, error } = schema.safeParse(input);
  if (!success) {
    throw new InvalidRedriveRequest(
      `${z.prettifyError(error).replaceAll('\n', ' ')}; received ${String(JSON.stringify(input)).slice(0, MAX_ECHO)}; allowed are ${Object.keys(schema.shape).join(', ')}`,
    );
  }
  const restricted = Object.keys(conditions).some((name) => name in request);
  if (!restricted && request.all !== true) {
    throw new InvalidRedriveRequest(
      'the filter is empty: give a condition, or all: true to redrive every failed event',
    );
  }
  if (request.all === true && restricted) {
    throw new InvalidRedriveRequest('all: true contradicts the other conditions: give the one or the others');
  }
  if (request.runIsStopped === true && request.executionArn === undefined) {
    throw new InvalidRedriveRequest('runIsStopped says something about one run: give its executionArn too');
  }
  return request;
}
