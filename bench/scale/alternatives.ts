import { aurora, eventBridge, type Line, logCost, MONTH_SECONDS } from './cost.ts';
import type { Inputs } from './inputs.ts';

/** Another way to empty the same table: how fast it can be, and what it costs a month. */
export interface Alternative {
  readonly name: string;
  /** Events per second of one instance. */
  readonly rate: number;
  /** Seconds that an event waits on average until it is looked for. */
  readonly meanWaitSeconds: number;
  /** Events per second that it cannot exceed. */
  readonly ceiling: number;
  readonly cost: readonly Line[];
}

const GUIDE_BATCH = 10;

/** The guide's function, connected by Prisma: select, update, ten requests at once, ten updates. */
export function guideBatchSeconds({ alternatives, milliseconds }: Inputs): number {
  const { connectMs, sqlMs, poolSize } = alternatives;
  return (connectMs + 2 * sqlMs + milliseconds.putEvents + Math.ceil(GUIDE_BATCH / poolSize) * sqlMs) / 1000;
}

export function guideAsDeployed(inputs: Inputs): Alternative {
  const invocations = MONTH_SECONDS / 60;
  return {
    name: 'guide, one function a minute',
    rate: GUIDE_BATCH / 60,
    meanWaitSeconds: 30,
    ceiling: GUIDE_BATCH / 60,
    cost: guideCost(inputs, invocations, guideBatchSeconds(inputs) * invocations),
  };
}

/** One instance for ever: several would publish the same rows. */
export function guideLooped(inputs: Inputs): Alternative {
  const seconds = guideBatchSeconds(inputs);
  return {
    name: 'guide, looped without pause',
    rate: GUIDE_BATCH / seconds,
    meanWaitSeconds: seconds / 2,
    ceiling: GUIDE_BATCH / seconds,
    cost: guideCost(inputs, MONTH_SECONDS / 900, MONTH_SECONDS),
  };
}

function guideCost(inputs: Inputs, invocations: number, busySeconds: number): Line[] {
  const { alternatives, prices, counts, workload } = inputs;
  const batches = Math.max(invocations, (workload.eventsPerSecond * MONTH_SECONDS) / GUIDE_BATCH);
  const gigabytes = (batches * counts.invocationLogBytes) / 1024 ** 3;
  return [
    { item: 'Lambda requests', usd: (invocations / 1e6) * prices.lambdaRequest },
    {
      item: 'Lambda duration',
      usd: busySeconds * alternatives.functionGb * alternatives.functionGbSecond,
    },
    { item: 'EventBridge events', usd: eventBridge(inputs) },
    { item: 'VPC endpoint', usd: alternatives.vpcEndpoint },
    { item: 'Logs', usd: logCost(gigabytes, prices) + gigabytes * prices.logStorageGb },
    { item: 'Alarm', usd: prices.alarmMetric },
    {
      item: 'Aurora, kept awake and used',
      usd: aurora(inputs, alternatives.functionDatabaseMs, 60, workload.eventsPerSecond),
    },
  ];
}

/** A poller that never sleeps and fills every request with ten entries; as many tasks as its CPU needs. */
export function container(inputs: Inputs): Alternative {
  const { alternatives, prices, counts, workload, quotas } = inputs;
  const { taskVcpu, taskGb, taskRequestMs, taskEventMs } = alternatives;
  const perTask = (taskVcpu * 1000) / (taskRequestMs / 10 + taskEventMs);
  const tasks = Math.max(1, Math.ceil(workload.eventsPerSecond / perTask));
  const hourly = taskVcpu * alternatives.taskVcpuHour + taskGb * alternatives.taskGbHour;
  return {
    name: `container, ${taskVcpu} vCPU a task`,
    rate: perTask,
    // Its idle poll, like a lingering run's.
    meanWaitSeconds: 0.5,
    ceiling: Math.min(quotas.putEvents * 10, quotas.databaseRows, quotas.targetInvocations),
    cost: [
      { item: 'Fargate', usd: tasks * ((hourly * MONTH_SECONDS) / 3600 + alternatives.taskAddress) },
      { item: 'EventBridge events', usd: eventBridge(inputs) },
      { item: 'Alarms, secret', usd: 3 * prices.alarmMetric + prices.secret },
      {
        item: 'Aurora, kept awake and used',
        usd: aurora(inputs, counts.databaseMs / 2, 1, workload.eventsPerSecond),
      },
    ],
  };
}
