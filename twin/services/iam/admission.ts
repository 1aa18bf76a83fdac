import { arnOf, fullArn } from '../../arn.ts';
import type { Admit, Services } from '../../http/aws-protocols.ts';
import { RequestBody } from '../../http/request.ts';
import type { FunctionResource } from '../../template/function.ts';
import { accessKeyId } from './access-key.ts';
import type { Authorize } from './authorize.ts';

type Permission = readonly [action: string, resource: string];

/** The permissions that a call requires. */
const required: Readonly<
  Record<keyof Services, (operation: string, request: RequestBody) => readonly Permission[]>
> = {
  rdsData: (operation, request) => [
    [`rds-data:${operation}`, request.text('resourceArn')],
    // The Data API reads the secret in the caller's name.
    ['secretsmanager:GetSecretValue', request.text('secretArn')],
  ],
  eventBridge: (operation, request) =>
    busesOf(operation, request).map((bus) => [`events:${operation}`, fullArn('events', 'event-bus/', bus)]),
  stepFunctions: (operation, request) => [
    [
      `states:${operation}`,
      request.optionalText('stateMachineArn') ??
        request.optionalText('executionArn') ??
        arnOf('states', 'stateMachine:*'),
    ],
  ],
  lambda: (_, request) => [
    ['lambda:InvokeFunction', fullArn('lambda', 'function:', request.text('FunctionName'))],
  ],
  scheduler: (operation, request) => [
    [
      `scheduler:${operation}`,
      arnOf(
        'scheduler',
        `schedule/${request.optionalText('GroupName') ?? '*'}/${request.optionalText('Name') ?? '*'}`,
      ),
    ],
  ],
  secretsManager: (operation, request) => [
    [`secretsmanager:${operation}`, fullArn('secretsmanager', 'secret:', request.text('SecretId'))],
  ],
  logs: (operation, request) => [
    [
      `logs:${operation}`,
      request.optionalText('logGroupIdentifier') ??
        arnOf('logs', `log-group:${request.text('logGroupName')}:*`),
    ],
  ],
  cloudWatch: (operation) => [[`cloudwatch:${operation}`, arnOf('cloudwatch', 'alarm:*')]],
  cloudFormation: (operation, request) => [
    [
      `cloudformation:${operation}`,
      arnOf('cloudformation', `stack/${request.optionalText('StackName') ?? '*'}/*`),
    ],
  ],
};

// The REST services answer a refusal with 403, those of the JSON protocols with 400.
const statuses: Readonly<Record<keyof Services, number>> = {
  rdsData: 403,
  eventBridge: 400,
  stepFunctions: 400,
  lambda: 403,
  secretsManager: 400,
  logs: 400,
  cloudWatch: 400,
  cloudFormation: 403,
  scheduler: 403,
};

/**
 * Checks every call of a function against the policies of its role. A caller with any other credentials (a person,
 * a test, the AWS CLI) is an administrator.
 */
export function createAdmission(functions: readonly FunctionResource[], authorize: Authorize): Admit {
  const callers = new Map(
    functions.map((fn) => [accessKeyId(fn), { roleArn: fn.roleArn, session: fn.functionName }]),
  );
  return (authorization, service, operation, request) => {
    const caller = callers.get(/\bCredential=([^/,]+)\//.exec(authorization ?? '')?.[1] ?? '');
    if (caller === undefined) return;
    for (const [action, resource] of required[service](operation, request))
      authorize(caller, action, resource, statuses[service]);
  };
}

function busesOf(operation: string, request: RequestBody): readonly string[] {
  if (operation !== 'PutEvents') return [request.optionalText('Name') ?? 'default'];
  const entries = request.list('Entries').map((entry) => new RequestBody(entry));
  return entries.map((entry) => entry.optionalText('EventBusName') ?? 'default');
}
