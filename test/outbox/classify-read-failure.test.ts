import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFailure } from '../../outbox/classify.ts';

/** What Step Functions notes as the cause when a Node function throws. */
function lambdaCause(errorMessage: string, errorType = 'PublishFailed'): string {
  return JSON.stringify({ errorType, errorMessage, trace: [''] });
}

describe('a failure that the state machine noted', () => {
  test.each([
    ['EventRejected', 'permanent'],
    ['PublishFailed', 'transient'],
    ['BusUnavailable', 'outage'],
    ['PublishThrottled', 'throttled'],
    ['Lambda.TooManyRequestsException', 'throttled'],
    ['Lambda.ServiceException', 'outage'],
    ['Lambda.SdkClientException', 'outage'],
    ['Lambda.AWSLambdaException', 'outage'],
    ['Lambda.ClientExecutionTimeoutException', 'outage'],
    ['Lambda.ResourceNotFoundException', 'outage'],
    ['Lambda.Unknown', 'transient'],
    ['States.Timeout', 'transient'],
    ['States.DataLimitExceeded', 'transient'],
    ['DatabaseUnavailable', 'transient'],
    ['toString', 'transient'],
    ['__proto__', 'transient'],
  ])('%s is %s', (error, kind) => {
    expect(readFailure(error, '').kind).toBe(kind);
  });

  test('is told by the code that the publisher put first in its message', () => {
    expect(readFailure('EventRejected', lambdaCause('MalformedDetail: not an object'))).toEqual({
      kind: 'permanent',
      errorType: 'MalformedDetail',
      message: 'not an object',
    });
  });

  test('of Lambda keeps its name, whatever its message begins with', () => {
    const refusal = 'User: arn:aws:sts::000000000000:assumed-role/processor is not authorized';

    expect(readFailure('Lambda.AWSLambdaException', refusal)).toEqual({
      kind: 'outage',
      errorType: 'Lambda.AWSLambdaException',
      message: refusal,
    });
  });

  test('of a list that was published in part has a plain cause and reads the same', () => {
    expect(readFailure('PublishFailed', 'InternalFailure: try again')).toEqual({
      kind: 'transient',
      errorType: 'InternalFailure',
      message: 'try again',
    });
  });

  test('that is not the publisher’s own keeps its name and the whole message', () => {
    expect(readFailure('Sandbox.Timedout', lambdaCause('RequestId: 1 Error: Task timed out'))).toEqual({
      kind: 'transient',
      errorType: 'Sandbox.Timedout',
      message: 'RequestId: 1 Error: Task timed out',
    });
  });

  test('without a cause or a name says so', () => {
    expect(readFailure('States.Timeout', '')).toMatchObject({ message: 'no cause was given' });
    expect(readFailure('', 'why')).toMatchObject({ errorType: 'Unknown', message: 'why' });
  });

  test('keeps line breaks, quotes, backslashes, tabs and emoji of the message', () => {
    const message = 'a "quoted" C:\\users\\u00 path,\n\tan emoji 🐘 and Zürich';

    expect(readFailure('PublishFailed', lambdaCause(`InternalFailure: ${message}`)).message).toBe(message);
  });

  test('cut at any position never throws and leaves the beginning of the message', () => {
    const message = 'a "quote" 🐘 \u0001 \n back\\slash \\u00 Zürich';
    const cause = lambdaCause(message);
    const whole = cause.indexOf('"errorMessage":"') + '"errorMessage":"'.length;

    for (let end = whole; end <= cause.length; end++) {
      const read = readFailure('Lambda.Unknown', cause.slice(0, end)).message;
      if (read !== 'no cause was given') expect(message.startsWith(read)).toBe(true);
    }
  });

  test('cut before its message begins is kept as it is', () => {
    expect(readFailure('Lambda.Unknown', '{"errorType":"Publ').message).toBe('{"errorType":"Publ');
  });

  test('has a name and a message, whatever was noted', () => {
    const anything = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    });
    const cause = fc.oneof(
      anything,
      anything.map((text) => lambdaCause(text)),
      fc.tuple(anything, fc.nat(120)).map(([text, end]) => lambdaCause(text).slice(0, end)),
    );

    fc.assert(
      fc.property(fc.oneof(anything, fc.constant('EventRejected')), cause, (error, noted) => {
        const { kind, errorType, message } = readFailure(error, noted);
        expect(kind).toBe(error === 'EventRejected' ? 'permanent' : 'transient');
        expect(errorType).not.toBe('');
        expect(message === '' && errorType === error).toBe(false);
      }),
    );
  });
});
