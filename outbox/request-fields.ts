import * as z from 'zod';
import { fits, maxCharacters } from './text-limits.ts';
import { canonicalUuid } from './uuid.ts';

// The input of an execution has 262,144 bytes, and an id takes 39 of them. The remaining bytes are for other conditions.
const MAX_EVENT_IDS = 6_500;

// The received value is cut, so that the error fits a state.
const MAX_ECHO = 1_000;

const uuid = z.string().transform((text, context) => {
  const id = canonicalUuid(text);
  if (id === undefined) context.addIssue('expected a uuid');
  return id ?? z.NEVER;
});

/** The ids of a request that is about this operation. */
export const eventIds = (operation: string) =>
  z
    .array(uuid)
    .min(1, 'expected at least one id')
    .max(MAX_EVENT_IDS, `expected at most ${MAX_EVENT_IDS} ids: start a ${operation} for the others`);

export const expressExecutionArn = /^arn:[\w-]+:states:[\w-]+:\d{12}:express:[\w-]+:[\w-]+:[\w-]+$/;

export const executionArn = z.string().regex(expressExecutionArn, 'expected the arn of an express execution');

export const text = (name: keyof typeof maxCharacters) =>
  z.string().refine((given) => fits(name, given), `expected 1 to ${maxCharacters[name]} characters`);

export const time = z.iso.datetime({ offset: true, error: 'expected an iso 8601 time with its offset' });

/**
 * The input of an execution that a person started, whose `conditions` select events.
 * @param everything what `all: true` selects, for the message about an empty filter
 * @throws an error of `refused` that contains what was received and what is allowed
 */
export function readRequest<Request extends { readonly all?: boolean | undefined }>(
  schema: z.ZodType<Request> & { readonly shape: object },
  conditions: object,
  input: unknown,
  { everything, refused }: { readonly everything: string; readonly refused: (message: string) => Error },
): Request {
  const { success, data: request, error } = schema.safeParse(input);
  if (!success) {
    throw refused(
      `${z.prettifyError(error).replaceAll('\n', ' ')}; received ${String(JSON.stringify(input)).slice(0, MAX_ECHO)}; allowed are ${Object.keys(schema.shape).join(', ')}`,
    );
  }
  const restricted = Object.keys(conditions).some((name) => name in request);
  if (!restricted && request.all !== true)
    throw refused(`the filter is empty: give a condition, or all: true to ${everything}`);
  if (request.all === true && restricted)
    throw refused('all: true contradicts the other conditions: give the one or the others');
  return request;
}
