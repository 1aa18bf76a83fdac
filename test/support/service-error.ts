/** An error as an AWS SDK client throws it. Without a status there was no answer. */
export function serviceError(name: string, status?: number, message = 'why'): Error {
  return Object.assign(new Error(message), {
    name,
    $metadata: status === undefined ? {} : { httpStatusCode: status },
  });
}

/** An error as Node's network stack throws it: no `$metadata`, and the reason in `code`. */
export function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 10.0.0.1:443`), { code });
}
