import * as rdsData from '@aws-sdk/client-rds-data';
import { describe, expect, test } from '@jest/globals';
import { classifyDataApiError } from '../../outbox/classify-failure.ts';
import { networkError, serviceError } from '../support/service-error.ts';

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
