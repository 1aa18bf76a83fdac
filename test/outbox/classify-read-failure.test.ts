import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFailure } from '../../outbox/classify-failure.ts';

/** The cause that Step Functions records when a Node.js function throws. */
function lambdaCause(errorMessage: string, errorType = 'PublishFailed'): string {
  return JSON.stringify({ errorType, errorMessage, trace: [''] });
}

describe('a failure that the state machine recorded', () => {
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
  ])('the recorded failure %s is %s', (error, kind) => {
    expect(readFailure(error, '').kind).toBe(kind);
  });

  test('a failure of the publisher is named by the code at the beginning of its message', () => {
    expect(readFailure('EventRejected', lambdaCause('MalformedDetail: not an object'))).toEqual({
      kind: 'permanent',
      errorType: 'MalformedDetail',
      message: 'not an object',
    });
  });

  test('a failure of Lambda keeps its name, whatever its message begins with', () => {
    const refusal = 'User: arn:aws:sts::000000000000:assumed-role/processor is not authorized';

    expect(readFailure('Lambda.AWSLambdaException', refusal)).toEqual({
      kind: 'outage',
      errorType: 'Lambda.AWSLambdaException',
      message: refusal,
    });
  });

  test('a failure within a partly published list has a plain cause and is read in the same way', () => {
    expect(readFailure('PublishFailed', 'InternalFailure: try again')).toEqual({
      kind: 'transient',
      errorType: 'InternalFailure',
      message: 'try again',
    });
  });

  test('a failure that is not from the publisher keeps its name and the whole message', () => {
    expect(readFailure('Sandbox.Timedout', lambdaCause('RequestId: 1 Error: Task timed out'))).toEqual({
      kind: 'transient',
      errorType: 'Sandbox.Timedout',
      message: 'RequestId: 1 Error: Task timed out',
    });
  });

  test('a failure without a cause or a name is described as such', () => {
    expect(readFailure('States.Timeout', '')).toMatchObject({ message: 'no cause was given' });
    expect(readFailure('', 'why')).toMatchObject({ errorType: 'Unknown', message: 'why' });
  });

  test('the message of a failure keeps line breaks, quotes, backslashes, tabs and emoji', () => {
    const message = 'a "quoted" C:\\users\\u00 path,\n\tan emoji 🐘 and Zürich';

    expect(readFailure('PublishFailed', lambdaCause(`InternalFailure: ${message}`)).message).toBe(message);
  });

  test('a cause that is cut at any position never throws and keeps the beginning of the message', () => {
    const message = 'a "quote" 🐘 \u0001 \n back\\slash \\u00 Zürich';
    const cause = lambdaCause(message);
    const whole = cause.indexOf('"errorMessage":"') + '"errorMessage":"'.length;

    for (let end = whole; end <= cause.length; end++) {
      const read = readFailure('Lambda.Unknown', cause.slice(0, end)).message;
      if (read !== 'no cause was given') expect(message.startsWith(read)).toBe(true);
    }
  });

  test('a cause that is cut before its message begins is kept unchanged', () => {
    expect(readFailure('Lambda.Unknown', '{"errorType":"Publ').message).toBe('{"errorType":"Publ');
  });

  test('every recorded failure has a name and a message, whatever was recorded', () => {
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
