import { AwsError } from '../../http/aws-error.ts';
import type { Operation } from '../../http/aws-protocols.ts';
import { epochSeconds } from '../../http/epoch-seconds.ts';
import type { RequestBody } from '../../http/request.ts';
import type { ExecutionRunner } from './execution-runner.ts';

export function startExecution(runner: ExecutionRunner): Operation {
  return async (request) => {
    const { executionArn, startDate } = runner.start(...given(request));
    return { executionArn, startDate: epochSeconds(startDate) };
  };
}

/** What both ways to start an execution are given. */
export function given(request: RequestBody) {
  const input = request.optionalText('input') ?? '{}';
  return [request.text('stateMachineArn'), input, nameIn(request)] as const;
}

// White space, brackets, wildcards, special and control characters.
const notInNames = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]/u;

function nameIn(request: RequestBody): string | undefined {
  const name = request.optionalText('name');
  if (name !== undefined && (name === '' || name.length > 80 || notInNames.test(name)))
    throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
  return name;
}
