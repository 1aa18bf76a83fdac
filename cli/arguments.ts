import { InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { expressExecutionArn } from '../outbox/request-fields.ts';
import { canonicalUuid } from '../outbox/uuid.ts';

/** Types of flags and arguments, as a person types them. */
export function wholeNumber(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value);
    if (!/^\d{1,9}$/.test(value) || number < least || number > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
    return number;
  };
}

/** An empty text is what a shell makes of a variable that is not set. */
export function filledText(value: string): string {
  if (value === '') throw new InvalidArgumentError('expected a text that is not empty.');
  return value;
}

export function expressExecution(value: string): string {
  if (!expressExecutionArn.test(value))
    throw new InvalidArgumentError('expected the ARN of an express execution, which show prints as run_id.');
  return value;
}

export function eventId(value: string): string {
  const id = canonicalUuid(value);
  if (id === undefined) throw new InvalidArgumentError('expected an event id (a uuid).');
  return id;
}

export function time(value: string): string {
  if (!z.iso.datetime({ offset: true }).safeParse(value).success)
    throw new InvalidArgumentError('expected a time such as 2025-01-31T09:00:00Z.');
  return value;
}

export function eventStatus(value: string): string {
  const status = value.toUpperCase();
  if (!['PENDING', 'PROCESSING', 'PROCESSED', 'FAILED'].includes(status))
    throw new InvalidArgumentError('expected pending, processing, processed or failed.');
  return status;
}

/** A flag that may be repeated. */
export function each<T>(parse: (value: string) => T) {
  return (value: string, before: readonly T[] = []): readonly T[] => [...before, parse(value)];
}
