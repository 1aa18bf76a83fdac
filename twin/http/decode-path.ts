import { AwsError } from './aws-error.ts';

/** A part of a path as text. */
export function decodePath(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new AwsError('BadRequest', `${part} is not percent-encoded UTF-8`);
  }
}
