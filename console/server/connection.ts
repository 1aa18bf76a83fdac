import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SFNClient } from '@aws-sdk/client-sfn';
import { clientOptions, createClients } from '../../cli/clients.ts';
import type { Target } from '../../cli/target.ts';
import type { DataApi, TransactionalDataApi } from '../../outbox/data-api.ts';

/** The outbox that the page shows, and the only ways to it: AWS APIs. */
export interface Connection {
  readonly target: Target;
  /** Signs in as the role that may only read. */
  readonly database: TransactionalDataApi;
  /** Signs in as the processor, for the one change that no state machine makes. */
  changeableDatabase(): DataApi;
  readonly stepFunctions: SFNClient;
  readonly logs: CloudWatchLogsClient;
  readonly scheduler: SchedulerClient;
  readonly cloudWatch: CloudWatchClient;
}

/** The SDK resolves credentials again when they have expired: a page that is open goes on after a new sign-in. */
export function connect(target: Target): Connection {
  const { database, stepFunctions, scheduler } = createClients(target);
  const options = {
    ...clientOptions(target),
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
  };
  return {
    target,
    database: database('reader'),
    changeableDatabase: () => database(),
    stepFunctions,
    scheduler,
    logs: new CloudWatchLogsClient(options),
    cloudWatch: new CloudWatchClient(options),
  };
}

/** `outbox` of the state machine `outbox-processor`: the prefix of all names of a deployment. */
export function outboxName({ target }: Pick<Connection, 'target'>): string {
  return (target.need('processorArn').split(':').at(-1) ?? '').replace(/-processor$/, '');
}
