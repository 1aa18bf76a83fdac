import { describe, expect, test } from '@jest/globals';
import type { Context } from '../../cli/action.ts';
import { look } from '../../cli/commands/doctor.ts';
import { busRemedy, remedyOf } from '../../cli/remedy.ts';
import { classifyDataApiError } from '../../outbox/classify-failure.ts';
import { DatabaseRefused, DatabaseUnavailable } from '../../outbox/errors.ts';
import { networkError, serviceError } from '../support/service-error.ts';

const ask = (error: Error, local = false) => remedyOf(error, { local, ifAbsent: 'create it again' });

/** As outbox/data-api.ts wraps what the client throws. */
function databaseError(name: string, message: string, status: number): Error {
  const cause = serviceError(name, status, message);
  const options = [`${name}: ${message}`, { cause }] as const;
  return classifyDataApiError(cause) === 'transient'
    ? new DatabaseUnavailable(...options)
    : new DatabaseRefused(...options);
}

describe('the remedy of a call', () => {
  test.each([
    [
      'that a service fails with 500',
      serviceError('InternalException', 500),
      /^wait and ask again.*health\.aws/,
    ],
    [
      'of which a service says that it is not available',
      serviceError('ServiceUnavailable', 503),
      /^wait and ask/,
    ],
    ['with an unknown error of 5xx', serviceError('Something', 502), /^wait and ask again/],
    ['that is not answered in time', serviceError('TimeoutError'), /^look at the network .* else wait/],
    ['that does not arrive', networkError('ENOTFOUND'), /^look at the network/],
    ['that is throttled', serviceError('ThrottlingException', 400), /^ask again in a minute/],
    ['whose credentials have expired', serviceError('ExpiredTokenException', 400), /^sign in again/],
    ['for what is not there', serviceError('ResourceNotFoundException', 400), /^create it again$/],
    [
      'for a state machine that is not there',
      serviceError('StateMachineDoesNotExist', 400),
      /^create it again$/,
    ],
    ['with an error that nobody knows', serviceError('Strange', 400), /^follow the message/],
  ])('the remedy of a call %s follows from its error', (_, error, remedy) => {
    expect(ask(error)).toMatch(remedy);
  });

  test.each([
    [
      'DatabaseResumingException',
      'resuming after being auto-paused',
      400,
      /^wait half a minute: the cluster slept/,
    ],
    ['DatabaseUnavailableException', 'no writer', 504, /^wait half a minute.*aws rds start-db-cluster/],
    ['InvalidResourceStateException', 'stopped', 400, /start-db-cluster/],
    ['BadRequestException', 'Communications link failure', 400, /^wait half a minute/],
    ['InternalServerErrorException', 'no', 500, /^wait and ask again/],
    ['DatabaseNotFoundException', 'no cluster', 404, /ARN of the cluster/],
    [
      'BadRequestException',
      'FATAL: database "x" does not exist; SQLState: 3D000',
      400,
      /name of the database/,
    ],
    ['BadRequestException', 'FATAL: password authentication failed; SQLState: 28P01', 400, /^sync-roles/],
    ['SecretsErrorException', "can't find the specified secret", 400, /ARN of the secret/],
    ['HttpEndpointNotEnabledException', 'no', 400, /enable-http-endpoint/],
    ['StatementTimeoutException', 'no', 400, /slow/],
    ['DatabaseErrorException', 'ERROR: canceling statement; SQLState: 57014', 400, /slow/],
    ['DatabaseErrorException', 'ERROR: relation does not exist; SQLState: 42P01', 400, /^deploy again/],
    ['DatabaseErrorException', 'ERROR: permission denied; SQLState: 42501', 400, /^as the owner/],
  ])(
    'the remedy for a database that answers %s (%s) follows from its answer',
    (name, message, status, remedy) => {
      expect(ask(databaseError(name, message, status))).toMatch(remedy);
    },
  );

  test('the remedy for a twin names the twin', () => {
    expect(ask(networkError('ECONNREFUSED'), true)).toBe('look whether npm start still runs');
    expect(ask(databaseError('DatabaseUnavailableException', 'no', 504), true)).toMatch(/npm start/);
  });
});

test.each([
  ['InternalException', /^wait: it drains by itself/],
  ['TimeoutError', /^wait: .* network/],
  ['ECONNREFUSED', /^wait: .* network/],
  ['AccessDeniedException', /^allow events:PutEvents/],
  ['ResourceNotFoundException', /^create the bus again$/],
  ['Lambda.ServiceException', /publish-event/],
  ['CallExpired', /clocks/],
])('what to do about events that were given back as %s follows from it', (errorType, remedy) => {
  expect(busRemedy(errorType)).toMatch(remedy);
});

test('a check that a service answers with 500 does not say that something has to be created again', async () => {
  const check = {
    name: 'the bus exists',
    remedy: 'create it again',
    look: () => Promise.reject(serviceError('InternalException', 500)),
  };

  const finding = await look(check, { target: { place: 'AWS' } } as unknown as Context);

  expect(finding).toEqual({
    result: 'failed',
    found: 'InternalException: why',
    remedy: expect.stringMatching(/^wait and ask again/),
  });
});
