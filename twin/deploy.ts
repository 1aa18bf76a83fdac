import { join } from 'node:path';
import { region } from './arn.ts';
import { createControl } from './control.ts';
import { createFaults, type EventReader } from './faults/faults.ts';
import { createHeldCalls } from './faults/held-calls.ts';
import {
  describeEntries,
  describeEntry,
  describeExecution,
  describeLogs,
  describeStatement,
  withFaults,
} from './faults/with-faults.ts';
import { AwsError } from './http/aws-error.ts';
import { awsRouter, type ControlSurface } from './http/aws-protocols.ts';
import { listen } from './http/endpoint.ts';
import { createPace } from './pace.ts';
import { type DatabaseOptions, makeServicesFolder, prepareDatabase } from './postgres/database.ts';
import { createCloudFormation } from './services/cloudformation/describe-stacks.ts';
import { createCloudWatch } from './services/cloudwatch/describe-alarms.ts';
import { type BusLog, openBusLog } from './services/event-bridge/bus-log.ts';
import { createEventBridge } from './services/event-bridge/event-bridge.ts';
import { createAdmission } from './services/iam/admission.ts';
import { createAuthorizer } from './services/iam/authorize.ts';
import { createLambda, type Lambda } from './services/lambda/invoke.ts';
import { openLogFile } from './services/lambda/log-file.ts';
import { withInvokeFaults } from './services/lambda/with-invoke-faults.ts';
import { createLogs } from './services/logs/filter-log-events.ts';
import { createRdsData } from './services/rds-data/rds-data.ts';
import { getSchedule } from './services/scheduler/get-schedule.ts';
import { listSchedules } from './services/scheduler/list-schedules.ts';
import { type Scheduler, startScheduler } from './services/scheduler/scheduler.ts';
import { createSecretsManager, databaseUrls } from './services/secrets-manager/get-secret-value.ts';
import { createExecutionRunner } from './services/step-functions/execution-runner.ts';
import type { Executions } from './services/step-functions/executions.ts';
import { createStepFunctions } from './services/step-functions/step-functions.ts';
import { type CloudAssembly, readCloudAssembly } from './template/cloud-assembly.ts';

/** What the twin is told of the application, which it does not find in the template. */
export interface Application {
  /** Of the state machine that a tick starts. */
  tickedArn(assembly: CloudAssembly): string;
  /** The names of everything, which `/_local/health` answers with for whoever wants to call it. */
  health(assembly: CloudAssembly, postgresUrl: string): object;
  readonly events: EventReader;
  /** What is served beside the AWS protocols, to somebody who calls the twin at this address. */
  page(url: string): ControlSurface;
}

export interface DeployOptions extends DatabaseOptions {
  readonly application: Application;
  /** Makes a cloud assembly of one stack and answers with its folder, which is used as long as the twin runs. */
  readonly synthesize: () => Promise<string>;
  /** 0 for a free one. */
  readonly port: number;
  /** Folder of the database's files; the bus and the functions' logs are kept in it too. */
  readonly dataDir: string;
  /** Seconds between two ticks, 0 for none; undefined for the deployed rate. */
  readonly tickSeconds: number | undefined;
  /**
   * Invocations of all functions that may run at once; Lambda refuses more.
   * @default 1000, an account's quota
   */
  readonly lambdaConcurrency?: number;
  /** Whether the bus keeps every event of this twin; else its log is bounded, and older events are dropped. */
  readonly keepBusEvents?: boolean;
  /** Aborted when the start is not wanted any more: then deploy() undoes it and rejects with the reason. */
  readonly stopping?: AbortSignal | undefined;
}

export interface Twin {
  readonly url: string;
  readonly postgresUrl: string;
  readonly bus: BusLog;
  readonly executions: Executions;
  readonly scheduler: Scheduler;
  /** Data API calls and Lambda invocations so far, by operation and by function. */
  readonly counts: { readonly dataApiCalls: number; readonly invocations: Readonly<Record<string, number>> };
  /** Fulfilled only when the database has ended and could not be started again. */
  readonly databaseLost: Promise<Error>;
  /** Waits for the end of the runs that are under way. */
  settle(): Promise<void>;
  /** Lets the runs that are under way end, unless `now`, then stops everything that was started. */
  stop(how?: 'now'): Promise<void>;
}

// Enough to keep a machine busy, few enough that each is done long before its timeout.
const PLACES = 20;
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const BUS_LOG_BYTES = 256 * 1024 * 1024;
const LOG_BYTES = 64 * 1024 * 1024;

/** Deploys a synthesized template on this machine. */
export async function deploy(options: DeployOptions): Promise<Twin> {
  // What was started is stopped in reverse order, also when a later step fails.
  const cleanUps: (() => Promise<unknown> | unknown)[] = [];
  const cleanUp = async () => {
    for (const undo of cleanUps.splice(0).reverse()) await undo();
  };
  try {
    return await start(options, cleanUps, cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function start(
  options: DeployOptions,
  cleanUps: (() => Promise<unknown> | unknown)[],
  cleanUp: () => Promise<void>,
): Promise<Twin> {
  const { application, report, stopping, lambdaConcurrency: concurrency = 1_000 } = options;
  let route: Parameters<typeof listen>[1] = async () => {
    throw new AwsError('ServiceUnavailable', 'the twin is starting', 503);
  };
  // First, because a port in use is the likeliest reason not to start at all.
  const endpoint = await listen(options.port, (request, response) => route(request, response));
  cleanUps.push(endpoint.close);

  // Before the synthesis, which takes seconds.
  const startDatabase = await prepareDatabase(options);
  const assembly = await readCloudAssembly(await options.synthesize());
  stopping?.throwIfAborted();

  const postgres = await startDatabase(assembly.database);
  cleanUps.push(postgres.stop);

  stopping?.throwIfAborted();
  report('starting the services');
  const folder = await makeServicesFolder(postgres.dataDir ?? options.dataDir);
  const bus = await openBusLog(join(folder, 'bus.jsonl'), {
    maxBytes: BUS_LOG_BYTES,
    keepNew: options.keepBusEvents === true,
  });
  cleanUps.push(bus.close);
  const logs = openLogFile(join(folder, 'functions.log'), { maxBytes: LOG_BYTES, report });
  cleanUps.push(logs.close);
  const urls = databaseUrls(assembly.secrets, postgres.url);
  const rdsData = createRdsData({
    clusterArn: assembly.clusterArn,
    database: assembly.database,
    databaseUrls: urls,
  });
  cleanUps.push(rdsData.stop);
  const pace = createPace(PLACES);
  const held = createHeldCalls(MAX_HELD_BYTES, pace);
  cleanUps.push(held.stop);
  const faults = createFaults(
    assembly.functions.map(({ key }) => key),
    held,
    application.events,
  );
  const environment = functionEnvironment(endpoint.url);
  const lambda = withInvokeFaults(
    faults,
    createLambda({ functions: assembly.functions, environment, logs, concurrency }),
  );
  cleanUps.push(lambda.stop);
  const authorize = createAuthorizer(assembly.policies);
  const runner = createExecutionRunner(assembly.stateMachines, lambda, faults, authorize, pace);
  cleanUps.push(runner.stop);
  let scheduler: Scheduler | undefined;
  const eventBridge = createEventBridge({
    buses: assembly.eventBuses,
    log: bus,
    now: () => new Date(),
    entryError: (entry) => faults.entryError(() => describeEntry(entry)),
  });
  const services = {
    rdsData: withFaults(faults, rdsData.operations, describeStatement),
    eventBridge: withFaults(faults, eventBridge, describeEntries),
    stepFunctions: withFaults(faults, createStepFunctions(runner), describeExecution),
    secretsManager: createSecretsManager(urls),
    logs: withFaults(faults, createLogs(assembly.stateMachines, runner.executions), describeLogs),
    cloudWatch: createCloudWatch(assembly.alarms),
    cloudFormation: createCloudFormation(assembly.stack),
    scheduler: {
      GetSchedule: getSchedule(assembly.schedules),
      ListSchedules: listSchedules(assembly.schedules),
    },
    lambda,
  };
  const names = application.health(assembly, postgres.url);
  const control = createControl({
    health: async () => {
      const problem = await postgres.problem();
      return { problem: problem && `the database does not answer: ${problem}`, names };
    },
    page: application.page(endpoint.url),
    bus,
    executions: runner.executions,
    faults,
    scheduler: () => scheduler,
  });
  route = awsRouter(services, control, createAdmission(assembly.functions, authorize));

  report('migrating the database');
  for (const trigger of assembly.triggers) {
    await runTrigger(lambda, trigger);
    stopping?.throwIfAborted();
  }

  scheduler = startScheduler({
    schedules: assembly.schedules,
    tickedArn: application.tickedArn(assembly),
    tickSeconds: options.tickSeconds,
    runner,
    authorize,
    report,
  });
  cleanUps.push(scheduler.stop);
  return {
    url: endpoint.url,
    postgresUrl: postgres.url,
    bus,
    executions: runner.executions,
    scheduler,
    get counts() {
      return { dataApiCalls: rdsData.calls(), invocations: lambda.invocations() };
    },
    databaseLost: postgres.lost,
    settle: runner.idle,
    async stop(how) {
      scheduler?.stop();
      if (how !== 'now') await runner.idle();
      await cleanUp();
    },
  };
}

/** What Lambda gives every function, with this endpoint for every service. */
function functionEnvironment(url: string): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: url,
    TZ: ':UTC',
  };
}

/** A trigger of the template runs when the deployment has made what it depends on. */
async function runTrigger(lambda: Lambda, functionArn: string): Promise<void> {
  const { payload, functionError } = await lambda.invoke(functionArn, '{}');
  if (functionError === undefined) return;
  const { errorMessage } = JSON.parse(payload) as { errorMessage?: string };
  throw new Error(`the deployment's function ${functionArn} failed: ${errorMessage ?? payload}`);
}
