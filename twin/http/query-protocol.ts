import type { IncomingMessage } from 'node:http';
import type { AwsError } from './aws-error.ts';

export function isQuery({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
}

/** A request of AWS's query protocol. */
export function parseQuery(text: string) {
  const {
    Action: operation = '',
    Version: version = '',
    ...parameters
  } = Object.fromEntries(new URLSearchParams(text));
  return { operation, version, parameters };
}

/** The answer of an operation as the query protocol writes it. */
export function toXml(operation: string, answer: object): string {
  return `<${operation}Response><${operation}Result>${element(answer)}</${operation}Result></${operation}Response>`;
}

export function errorToXml({ code, message, status }: AwsError): string {
  const type = status < 500 ? 'Sender' : 'Receiver';
  return `<ErrorResponse><Error>${element({ Type: type, Code: code, Message: message })}</Error></ErrorResponse>`;
}

function element(value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => `<member>${element(one)}</member>`).join('');
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, inner]) => `<${name}>${element(inner)}</${name}>`)
      .join('');
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
