import { AwsError } from './aws-error.ts';

/** A whole number from the query of a URL; undefined when it is not given. */
export function queryNumber({ searchParams }: URL, name: string): number | undefined {
  const value = searchParams.get(name);
  if (value === null) return undefined;
  // No more digits than a number can hold exactly.
  if (!/^\d{1,15}$/.test(value))
    throw new AwsError(
      'BadRequest',
      `${name} must be a whole number of up to 15 digits, received ${value.slice(0, 40) || 'nothing'}`,
    );
  return Number(value);
}
