/** The twin answered with a refusal: its own words. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The twin did not answer, or is just starting. */
export class Unreachable extends Error {}

async function request(path, options) {
  const response = await fetch(path, { ...options, signal: AbortSignal.timeout(15_000) }).catch((cause) => {
    throw new Unreachable('the twin does not answer', { cause });
  });
  const body = await response.json().catch(() => ({}));
  if (response.status === 503) throw new Unreachable(body.message);
  if (!response.ok) throw new Refused(response.status, body.message ?? `status ${response.status}`);
  return body;
}

export const get = (path) => request(`/_local/${path}`);

export const tick = () => request('/_local/tick', { method: 'POST' });

/** Step Functions' own API, as an AWS client calls it. */
export function stepFunctions(operation, input) {
  return request('/', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': `AWSStepFunctions.${operation}`,
    },
    body: JSON.stringify(input),
  });
}

/** ARN of the state machine whose name ends so. */
export async function machineArn(ending) {
  const { stateMachines } = await get('health');
  const [, arn] = Object.entries(stateMachines).find(([name]) => name.endsWith(ending)) ?? [];
  if (arn === undefined) throw new Refused(404, `the template has no state machine ${ending}`);
  return arn;
}

const definitions = new Map();

/** @returns {Promise<object>} the definition, read once */
export async function definitionOf(stateMachineArn) {
  if (!definitions.has(stateMachineArn)) {
    const { definition } = await stepFunctions('DescribeStateMachine', { stateMachineArn });
    definitions.set(stateMachineArn, JSON.parse(definition));
  }
  return definitions.get(stateMachineArn);
}
