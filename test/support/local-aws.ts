import { AwsError } from '../../twin/http/aws-error.ts';
import { type Admit, awsRouter, type Services } from '../../twin/http/aws-protocols.ts';
import { listen } from '../../twin/http/endpoint.ts';

/** The twin's HTTP endpoint on a free port, with the services that a test needs. */
export function startLocalAws(
  services: Partial<Services>,
  admit: Admit = () => undefined,
): ReturnType<typeof listen> {
  const refuse = async () => {
    throw new AwsError('ServiceUnavailable', 'this test did not start the service', 503);
  };
  const all: Services = {
    rdsData: {},
    eventBridge: {},
    stepFunctions: {},
    secretsManager: {},
    logs: {},
    cloudWatch: {},
    cloudFormation: {},
    scheduler: {},
    lambda: { invoke: refuse },
    ...services,
  };
  return listen(
    0,
    awsRouter(all, async () => false, admit),
  );
}

/** The options that an SDK client needs for the endpoint. One attempt, because the state machine retries. */
export function clientOptions(endpoint: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
}
