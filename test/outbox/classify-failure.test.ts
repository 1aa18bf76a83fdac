import { describe, expect, test } from '@jest/globals';
import {
  classifyEntryCode,
  classifyPutEventsError,
  type FailureKind,
  publishError,
  withinBatch,
} from '../../outbox/classify-failure.ts';
import { BusUnavailable, EventRejected, PublishFailed, PublishThrottled } from '../../outbox/errors.ts';
import { networkError, serviceError } from '../support/service-error.ts';

describe('the error code of one entry', () => {
  test.each<[string, FailureKind]>([
    ['AccessDeniedException', 'permanent'],
    ['InvalidAccountIdException', 'permanent'],
    ['InvalidArgument', 'permanent'],
    ['MalformedDetail', 'permanent'],
    ['NotAuthorizedForDetailTypeException', 'permanent'],
    ['NotAuthorizedForSourceException', 'permanent'],
    ['RedactionFailure', 'permanent'],
    ['InternalFailure', 'transient'],
    ['InternalException', 'transient'],
    ['ACodeOfTheFuture', 'transient'],
    ['NoAnswer', 'transient'],
    ['toString', 'transient'],
    ['ThrottlingException', 'throttled'],
  ])('the entry code %s is %s', (code, kind) => {
    expect(classifyEntryCode(code)).toBe(kind);
  });
});

describe('an error of the whole PutEvents request', () => {
  test.each<[string, number | undefined, FailureKind]>([
    ['ValidationException', 400, 'permanent'],
    ['SerializationException', 400, 'permanent'],
    ['RequestEntityTooLarge', 413, 'permanent'],
    ['InternalException', 500, 'outage'],
    ['ServiceUnavailable', 503, 'outage'],
    ['GatewayTimeout', 504, 'outage'],
    ['ThrottlingException', 400, 'throttled'],
    ['TooManyRequestsException', 429, 'throttled'],
    ['RequestThrottled', 400, 'throttled'],
    ['RequestLimitExceeded', 503, 'throttled'],
    ['SlowDown', 503, 'throttled'],
    ['Unknown', 429, 'throttled'],
    ['AccessDeniedException', 400, 'outage'],
    ['AccessDeniedException', 403, 'outage'],
    ['UnrecognizedClientException', 400, 'outage'],
    ['ExpiredTokenException', 400, 'outage'],
    ['InvalidSignatureException', 400, 'outage'],
    ['IncompleteSignature', 400, 'outage'],
    ['InvalidClientTokenId', 400, 'outage'],
    ['MissingAuthenticationTokenException', 400, 'outage'],
    ['RequestExpired', 400, 'outage'],
    ['OptInRequired', 400, 'outage'],
    ['RequestTimeoutException', 400, 'outage'],
    ['RequestTimeout', 408, 'outage'],
    ['Unauthorized', 401, 'outage'],
    ['ResourceNotFoundException', 400, 'outage'],
    ['TimeoutError', undefined, 'outage'],
    ['CredentialsProviderError', undefined, 'outage'],
    ['OperationDisabledException', 400, 'transient'],
    ['AnErrorOfTheFuture', 418, 'transient'],
  ])('the request error %s with status %s is %s', (name, status, kind) => {
    expect(classifyPutEventsError(serviceError(name, status))).toBe(kind);
  });

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT'])(
    'the network error %s is an outage',
    (code) => {
      expect(classifyPutEventsError(networkError(code))).toBe('outage');
    },
  );

  test.each([
    ['TypeError', new TypeError('x is not a function')],
    ['RangeError', new RangeError('Invalid time value')],
  ])('%s is a bug in the code: it consumes attempts, so that no event is retried for ever', (_, error) => {
    expect(classifyPutEventsError(error)).toBe('transient');
  });

  test('a thrown value that is not an error counts as an outage', () => {
    expect(classifyPutEventsError('boom')).toBe('outage');
  });
});

describe('the error that carries a failure to the state machine', () => {
  test.each([
    ['permanent', EventRejected, 'EventRejected'],
    ['transient', PublishFailed, 'PublishFailed'],
    ['outage', BusUnavailable, 'BusUnavailable'],
    ['throttled', PublishThrottled, 'PublishThrottled'],
  ] as const)('a %s failure has its own class and name', (kind, errorClass, name) => {
    const error = publishError(kind, 'InternalFailure: why');

    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({ name, message: 'InternalFailure: why' });
    expect('cause' in error).toBe(false);
  });

  test('the error keeps its cause', () => {
    const cause = networkError('ECONNRESET');

    expect(publishError('outage', 'why', cause).cause).toBe(cause);
  });
});

describe('the kind of a failure within its batch', () => {
  const failure = (kind: FailureKind) => ({
    eventId: 'e-1',
    kind,
    errorType: 'TimeoutError',
    message: 'why',
  });

  test.each<[FailureKind, number, FailureKind]>([
    ['outage', 0, 'outage'],
    ['outage', 1, 'transient'],
    ['outage', 199, 'transient'],
    ['throttled', 0, 'throttled'],
    ['throttled', 199, 'throttled'],
    ['transient', 0, 'transient'],
    ['transient', 199, 'transient'],
    ['permanent', 0, 'permanent'],
    ['permanent', 199, 'permanent'],
  ])(
    'a failure of kind %s beside %i accepted events is %s and otherwise unchanged',
    (kind, accepted, counted) => {
      expect(withinBatch(failure(kind), accepted)).toEqual(failure(counted));
    },
  );
});
