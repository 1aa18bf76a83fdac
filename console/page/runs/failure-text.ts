// The kinds that the state machine tells apart. The code that the bus gave begins the message, and is what the event's
// row and page show.
const kinds = ['EventRejected', 'PublishFailed', 'BusUnavailable', 'PublishThrottled'];

export interface FailureText {
  readonly code: string;
  /** The error that the state machine decides by, where the code is a finer one. */
  readonly kind: string | undefined;
  readonly message: string;
}

/** A failure of a state in the words of the event's row. */
export function failureText(failure: {
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}): FailureText {
  const { error = 'Error', cause = '' } = failure;
  const message = readable(cause);
  const [, code] = (kinds.includes(error) && /^([A-Za-z][\w.]*): /.exec(message)) || [];
  return { code: code ?? error, kind: code === undefined ? undefined : error, message };
}

/** A function's error comes as JSON: its message is what a person wants. */
function readable(cause: string): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : cause;
  } catch {
    return cause;
  }
}
