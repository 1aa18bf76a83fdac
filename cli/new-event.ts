import * as z from 'zod';
import { fits, maxCharacters } from '../outbox/text-limits.ts';
import { canonicalUuid } from '../outbox/uuid.ts';
import { WrongUsage } from './exit-codes.ts';

const text = (name: keyof typeof maxCharacters) =>
  z.string().refine((given) => fits(name, given), `expected 1 to ${maxCharacters[name]} characters`);

const schema = z.strictObject({
  eventId: z
    .string()
    .refine((given) => canonicalUuid(given) !== undefined, 'expected a uuid')
    .optional(),
  aggregateType: text('aggregateType').optional(),
  aggregateId: z.string().min(1, 'expected at least 1 character'),
  eventType: text('eventType'),
  payload: z.record(z.string(), z.unknown(), 'expected a JSON object'),
  traceHeader: text('traceHeader').optional(),
  traceparent: z.string().optional(),
  dueAt: z.iso.datetime({ offset: true }).optional(),
});

/** An event to enqueue: its JSON and what was read from it. */
export interface NewEvent {
  readonly eventId: string | undefined;
  /** Exactly as written: JavaScript would change a large integer in it. */
  readonly json: string;
  /** Its position in the source, for messages: `line 17`. */
  readonly position: string;
}

/**
 * Reads one event.
 * @throws WrongUsage that names the position and the reason
 */
export function readNewEvent(json: string, position: string): NewEvent {
  const refuse = (reason: string) => new WrongUsage(`${position}: ${reason}; nothing was enqueued`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw refuse(`not JSON: ${(error as Error).message}`);
  }
  const { data, error } = schema.safeParse(value);
  if (error !== undefined) {
    const reasons = error.issues.map(({ path, message }) => [...path, message].join(': '));
    throw refuse(reasons.join(', '));
  }
  return { eventId: canonicalUuid(data.eventId ?? ''), json, position };
}
