import * as rdsData from '@aws-sdk/client-rds-data';
import { describe, expect, test } from '@jest/globals';
import {
  classifyDataApiError,
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

const dataApiErrors: readonly [keyof typeof rdsData, number, 'permanent' | 'transient'][] = [
  ['AccessDeniedException', 403, 'permanent'],
  ['BadRequestException', 400, 'transient'],
  ['DatabaseErrorException', 400, 'transient'],
  ['DatabaseNotFoundException', 404, 'transient'],
  ['DatabaseResumingException', 400, 'transient'],
  ['DatabaseUnavailableException', 504, 'transient'],
  ['ForbiddenException', 403, 'permanent'],
  ['HttpEndpointNotEnabledException', 400, 'permanent'],
  ['InternalServerErrorException', 500, 'transient'],
  ['InvalidResourceStateException', 400, 'transient'],
  ['InvalidSecretException', 400, 'transient'],
  ['NotFoundException', 404, 'transient'],
  ['SecretsErrorException', 400, 'transient'],
  ['ServiceUnavailableError', 503, 'transient'],
  ['StatementTimeoutException', 400, 'transient'],
  ['TransactionNotFoundException', 404, 'transient'],
  ['UnsupportedResultException', 400, 'permanent'],
];

describe('an error of the Data API', () => {
  test.each(dataApiErrors)('the Data API error %s (%i) is %s', (name, status, kind) => {
    expect(classifyDataApiError(serviceError(name, status))).toBe(kind);
  });

  test('every error class of the Data API client is in the table', () => {
    const thrown = Object.keys(rdsData).filter(
      (name) =>
        /(Exception|Error)$/.test(name) && !/^(RDSDataServiceException|__ServiceException)$/.test(name),
    );

    expect(dataApiErrors.map(([name]) => name)).toEqual(thrown.sort());
  });

  test.each([
    ['ThrottlingException', 400, 'transient'],
    ['ExpiredTokenException', 403, 'transient'],
    ['AnErrorOfTheFuture', 502, 'transient'],
    ['AnErrorOfTheFuture', 400, 'transient'],
    ['ValidationException', 400, 'permanent'],
    ['SerializationException', 400, 'permanent'],
    ['RequestEntityTooLargeException', 413, 'permanent'],
    ['TimeoutError', undefined, 'transient'],
  ] as const)('the Data API error %s with status %s is %s', (name, status, kind) => {
    expect(classifyDataApiError(serviceError(name, status))).toBe(kind);
  });

  test('a failed connection to the Data API is transient', () => {
    expect(classifyDataApiError(networkError('ECONNREFUSED'))).toBe('transient');
  });

  const states = [
    ['40001', 'transient', 'serialization failure'],
    ['40P01', 'transient', 'deadlock'],
    ['55P03', 'transient', 'lock not available'],
    ['57014', 'transient', 'statement timeout'],
    ['57P01', 'transient', 'shutdown'],
    ['57P02', 'transient', 'crash'],
    ['57P03', 'transient', 'starting up'],
    ['57P04', 'transient', 'database dropped'],
    ['53100', 'transient', 'disk full'],
    ['53300', 'transient', 'too many connections'],
    ['08006', 'transient', 'connection failure'],
    ['08P01', 'transient', 'protocol violation'],
    ['25006', 'transient', 'read-only'],
    ['28000', 'transient', 'sign-in failed'],
    ['28P01', 'transient', 'wrong password'],
    ['3D000', 'transient', 'no such database'],
    ['XX000', 'transient', 'internal error'],
    ['22P05', 'permanent', 'untranslatable character'],
    ['23505', 'permanent', 'unique violation'],
    ['23514', 'permanent', 'check violation'],
    ['42501', 'permanent', 'no privilege'],
    ['42601', 'permanent', 'syntax error'],
    ['42P01', 'permanent', 'no such table'],
    ['54001', 'permanent', 'stack depth limit exceeded'],
  ] as const;

  test.each(states)('SQLSTATE %s is %s: %s', (state, kind, meaning) => {
    for (const name of ['DatabaseErrorException', 'BadRequestException'])
      for (const rest of ['', ' Position: 15;', '\n  Detail: Key (id)=(7) already exists.;']) {
        const message = `ERROR: ${meaning};${rest} SQLState: ${state}`;
        expect([message, classifyDataApiError(serviceError(name, 400, message))]).toEqual([message, kind]);
      }
  });

  test.each<[string, string, string, 'permanent' | 'transient']>([
    [
      'a lost connection',
      'BadRequestException',
      'Communications link failure\n\nThe last packet sent',
      'transient',
    ],
    [
      'a sign-in',
      'BadRequestException',
      'FATAL: password authentication failed; SQLState: 28P01',
      'transient',
    ],
    ['an error without a state', 'DatabaseErrorException', 'ERROR: something happened', 'transient'],
    ['a state in lower case', 'DatabaseErrorException', 'ERROR: why; sqlstate: 42501', 'transient'],
    [
      'a quoted value that looks like a permanent state',
      'DatabaseErrorException',
      'ERROR: deadlock detected, value "a; SQLState: 42501"; SQLState: 40P01',
      'transient',
    ],
    [
      'a quoted value that looks like one, and no state',
      'DatabaseErrorException',
      'ERROR: canceled at "a; SQLState: 42501"',
      'transient',
    ],
    [
      'a quoted value that looks like a passing state',
      'DatabaseErrorException',
      'ERROR: invalid input syntax for type uuid: "Communications link failure; SQLState: 40001"; SQLState: 22P02',
      'permanent',
    ],
    ['another error that ends so', 'InternalServerErrorException', 'why; SQLState: 42501', 'transient'],
  ])('%s is found where the service writes it', (_, name, message, kind) => {
    expect(classifyDataApiError(serviceError(name, 400, message))).toBe(kind);
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
