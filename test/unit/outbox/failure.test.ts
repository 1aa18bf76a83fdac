import * as rdsData from '@aws-sdk/client-rds-data';
import { describe, expect, test } from '@jest/globals';
import {
  BusUnavailable,
  classifyDataApiError,
  classifyEntryCode,
  classifyPutEventsError,
  EventRejected,
  type FailureKind,
  PublishFailed,
  PublishThrottled,
  publishError,
  withinBatch,
} from '../../../outbox/failure.ts';
import { networkError, serviceError } from '../../support/service-error.ts';

describe('the code of one entry', () => {
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
  ])('%s is %s', (code, kind) => {
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
  ])('%s with status %s is %s', (name, status, kind) => {
    expect(classifyPutEventsError(serviceError(name, status))).toBe(kind);
  });

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT'])('%s is an outage', (code) => {
    expect(classifyPutEventsError(networkError(code))).toBe('outage');
  });

  test.each([
    ['TypeError', new TypeError('x is not a function')],
    ['RangeError', new RangeError('Invalid time value')],
  ])('%s is a mistake in the code: it consumes attempts, so that no event circles for ever', (_, error) => {
    expect(classifyPutEventsError(error)).toBe('transient');
  });

  test('something thrown that is no error says nothing about the event', () => {
    expect(classifyPutEventsError('boom')).toBe('outage');
  });
});

const dataApiErrors: readonly [keyof typeof rdsData, number, 'permanent' | 'transient'][] = [
  ['AccessDeniedException', 403, 'permanent'],
  ['BadRequestException', 400, 'permanent'],
  ['DatabaseErrorException', 400, 'permanent'],
  ['DatabaseNotFoundException', 404, 'permanent'],
  ['DatabaseResumingException', 400, 'transient'],
  ['DatabaseUnavailableException', 504, 'transient'],
  ['ForbiddenException', 403, 'permanent'],
  ['HttpEndpointNotEnabledException', 400, 'permanent'],
  ['InternalServerErrorException', 500, 'transient'],
  ['InvalidResourceStateException', 400, 'permanent'],
  ['InvalidSecretException', 400, 'permanent'],
  ['NotFoundException', 404, 'permanent'],
  ['SecretsErrorException', 400, 'permanent'],
  ['ServiceUnavailableError', 503, 'transient'],
  ['StatementTimeoutException', 400, 'transient'],
  ['TransactionNotFoundException', 404, 'transient'],
  ['UnsupportedResultException', 400, 'permanent'],
];

describe('an error of the Data API', () => {
  test.each(dataApiErrors)('%s (%i) is %s', (name, status, kind) => {
    expect(classifyDataApiError(serviceError(name, status))).toBe(kind);
  });

  test('every class that the client can throw is in the table', () => {
    const thrown = Object.keys(rdsData).filter(
      (name) =>
        /(Exception|Error)$/.test(name) && !/^(RDSDataServiceException|__ServiceException)$/.test(name),
    );

    expect(dataApiErrors.map(([name]) => name)).toEqual(thrown.sort());
  });

  test.each([
    ['ThrottlingException', 400, 'transient'],
    ['AnErrorOfTheFuture', 502, 'transient'],
    ['AnErrorOfTheFuture', 400, 'permanent'],
    ['TimeoutError', undefined, 'transient'],
  ] as const)('%s with status %s is %s', (name, status, kind) => {
    expect(classifyDataApiError(serviceError(name, status))).toBe(kind);
  });

  test('no connection is transient', () => {
    expect(classifyDataApiError(networkError('ECONNREFUSED'))).toBe('transient');
  });

  test.each([
    ['40001', 'transient', 'serialization failure'],
    ['40P01', 'transient', 'deadlock'],
    ['55P03', 'transient', 'lock not available'],
    ['57014', 'transient', 'statement time-out'],
    ['57P01', 'transient', 'shutdown'],
    ['57P02', 'transient', 'crash'],
    ['57P03', 'transient', 'starting up'],
    ['53100', 'transient', 'disk full'],
    ['53300', 'transient', 'too many connections'],
    ['08006', 'transient', 'connection failure'],
    ['08P01', 'transient', 'protocol violation'],
    ['23505', 'permanent', 'unique violation'],
    ['23514', 'permanent', 'check violation'],
    ['42P01', 'permanent', 'no such table'],
    ['42501', 'permanent', 'no privilege'],
    ['57P04', 'permanent', 'database dropped'],
    ['22P05', 'permanent', 'untranslatable character'],
  ] as const)('SQLSTATE %s is %s: %s', (state, kind, meaning) => {
    const error = serviceError('DatabaseErrorException', 400, `ERROR: ${meaning}; SQLState: ${state}`);

    expect(classifyDataApiError(error)).toBe(kind);
  });
});

describe('the error that carries a failure to the state machine', () => {
  test.each([
    ['permanent', EventRejected, 'EventRejected'],
    ['transient', PublishFailed, 'PublishFailed'],
    ['outage', BusUnavailable, 'BusUnavailable'],
    ['throttled', PublishThrottled, 'PublishThrottled'],
  ] as const)('%s has its own class and name', (kind, errorClass, name) => {
    const error = publishError(kind, 'InternalFailure: why');

    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({ name, message: 'InternalFailure: why' });
    expect('cause' in error).toBe(false);
  });

  test('keeps its cause', () => {
    const cause = networkError('ECONNRESET');

    expect(publishError('outage', 'why', cause).cause).toBe(cause);
  });
});

describe('what a failure counts as in its batch', () => {
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
  ])('%s beside %i accepted events is %s, and nothing else about it changes', (kind, accepted, counted) => {
    expect(withinBatch(failure(kind), accepted)).toEqual(failure(counted));
  });
});
