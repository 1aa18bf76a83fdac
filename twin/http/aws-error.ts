/** An error as an AWS service answers it: SDK clients turn the code into the name of what they throw. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** What else the service says about this error. */
  readonly details: Readonly<Record<string, string>>;

  constructor(code: string, message: string, status = 400, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** No answer at all: the connection is reset. */
export class ConnectionReset extends Error {
  override readonly name = 'ConnectionReset';
}
