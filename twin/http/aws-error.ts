/** An error as an AWS service returns it: SDK clients throw an error whose name is the code. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** Further fields of the service's error. */
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
