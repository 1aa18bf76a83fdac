import { describe, expect, test } from '@jest/globals';
import { toRefusal } from '../../../console/server/problem.ts';
import { DatabaseUnavailable } from '../../../outbox/errors.ts';

const target = { place: 'AWS', need: () => 'name', find: () => 'name' };
const named = (name: string, message: string, cause?: Error) =>
  Object.assign(new Error(message, cause && { cause }), { name });
const denied =
  'User: arn:aws:sts::1:assumed-role/me is not authorized to perform: logs:FilterLogEvents on resource: x';

describe('the problem that the page shows', () => {
  test.each<[string, Error, number, string, RegExp, RegExp]>([
    [
      'no credentials',
      named('CredentialsProviderError', 'Could not load credentials'),
      401,
      'NoCredentials',
      /no AWS credentials were found/,
      /sign in again/,
    ],
    [
      'an expired session',
      named('ExpiredTokenException', 'The security token included in the request is expired'),
      401,
      'SessionExpired',
      /expired/,
      /sign in again.*goes on by itself/,
    ],
    [
      'an expired SSO session',
      named('CredentialsProviderError', 'The SSO session associated with this profile has expired'),
      401,
      'NoCredentials',
      /no AWS credentials/,
      /sign in again/,
    ],
    ['no region', new Error('Region is missing'), 400, 'NoRegion', /no AWS region is set/, /AWS_REGION/],
    [
      'a missing permission',
      named('AccessDeniedException', denied),
      403,
      'AccessDenied',
      /these credentials have no permission for logs:FilterLogEvents/,
      /docs\/console.md/,
    ],
    [
      'another stack or region',
      named('StateMachineDoesNotExist', "State Machine Does Not Exist: 'arn:x'"),
      404,
      'NotThisStack',
      /State Machine Does Not Exist/,
      /--stack, AWS_PROFILE and AWS_REGION/,
    ],
    [
      'a database that resumes',
      new DatabaseUnavailable('DatabaseResumingException: resuming', {
        cause: named('DatabaseResumingException', 'resuming'),
      }),
      503,
      'DatabaseUnavailable',
      /the database cannot be used now/,
      /wait half a minute/,
    ],
    [
      'too many calls',
      named('ThrottlingException', 'Rate exceeded'),
      429,
      'Throttled',
      /Rate exceeded/,
      /in a minute/,
    ],
    [
      'no network',
      named(
        'Error',
        'connect',
        Object.assign(new Error('connect ECONNREFUSED 1.2.3.4:443'), { code: 'ECONNREFUSED' }),
      ),
      502,
      'Unreachable',
      /AWS does not answer/,
      /network/,
    ],
  ])('%s is one sentence with what to do', (_, error, status, name, message, remedy) => {
    const refusal = toRefusal(error, target);
    expect([refusal.status, refusal.problem.error]).toEqual([status, name]);
    expect(refusal.problem.message).toMatch(message);
    expect(refusal.problem.message).not.toContain('\n');
    expect(refusal.problem.remedy).toMatch(remedy);
  });
});
