/**
 * Reads the settings that the stack gives a function. A missing or malformed one fails the cold start, so that
 * a mistake appears on the first invocation and never costs an event.
 */
export function text(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `environment variable ${name} is ${value === '' ? 'empty' : 'missing'}: set it on the function`,
    );
  }
  return value;
}

/** A whole number of at least one, or of at least zero. */
export function count(name: string, min: 0 | 1 = 1): number {
  const value = text(name);
  if (!/^(0|[1-9][0-9]{0,8})$/.test(value) || Number(value) < min) {
    throw new Error(
      `environment variable ${name} is "${value}": expected a whole number from ${min} to 999999999`,
    );
  }
  return Number(value);
}

/** One of several words; the first one when the variable is missing. */
export function choice<Word extends string>(name: string, words: readonly [Word, ...Word[]]): Word {
  const value = process.env[name] ?? words[0];
  const word = words.find((each) => each === value);
  if (word !== undefined) return word;
  throw new Error(`environment variable ${name} is "${value}": expected ${words.join(' or ')}`);
}

/** What Lambda itself sets, anew for each invocation; empty where it does not. */
export function fromLambda(name: '_X_AMZN_TRACE_ID' | 'AWS_XRAY_DAEMON_ADDRESS'): string {
  return process.env[name] ?? '';
}
