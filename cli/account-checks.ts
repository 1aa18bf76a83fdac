import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge';
import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import {
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  ListSchedulesCommand,
} from '@aws-sdk/client-scheduler';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { isElsewhere } from '../outbox/check-bus.ts';
import type { Context } from './action.ts';
import { type Check, failed, ok, processorName, skipped } from './finding.ts';

/** The schedules in the group of the outbox, with only the fields that are used here. */
async function schedulesOf(context: Context): Promise<readonly GetScheduleCommandOutput[]> {
  const GroupName = scheduleGroup(context);
  const { Schedules = [] } = await context.scheduler.send(new ListSchedulesCommand({ GroupName }));
  return Promise.all(
    Schedules.map(({ Name }) => context.scheduler.send(new GetScheduleCommand({ GroupName, Name }))),
  );
}

const scheduleGroup = (context: Context) => processorName(context).replace(/-processor$/, '');

const ends: Check = {
  name: 'the schedules have no end',
  remedy: 'deploy again: the schedules are part of the stack',
  async look(context) {
    if (context.target.localUrl !== undefined) return skipped('not checked on the twin: it ticks by itself');
    const schedules = await schedulesOf(context);
    const now = Date.now();
    const found = schedules.flatMap(({ Name, StartDate, EndDate }) => {
      if (EndDate !== undefined && EndDate.getTime() <= now)
        return [`${Name} has ended at ${EndDate.toISOString()}`];
      if (StartDate !== undefined && StartDate.getTime() > now)
        return [`${Name} begins at ${StartDate.toISOString()}`];
      return [];
    });
    if (found.length === 0) return ok(`${schedules.length} schedules, none has ended`);
    return failed(
      found.join(', '),
      'aws scheduler update-schedule without StartDate and EndDate, or deploy again',
    );
  },
};

const undeliverable: Check = {
  name: 'the bus keeps what it cannot encrypt',
  remedy: '',
  async look({ eventBridge, target }) {
    const Name = target.need('eventBusName');
    if (target.localUrl !== undefined) return skipped('not checked on the twin: its bus has no key');
    if (isElsewhere(Name, target.need('processorArn')))
      return skipped(`${Name} is in another account or region, where it cannot be described`);
    const { KmsKeyIdentifier, DeadLetterConfig } = await eventBridge.send(
      new DescribeEventBusCommand({ Name }),
    );
    if (KmsKeyIdentifier === undefined) return ok('it is encrypted with a key of AWS');
    if (DeadLetterConfig?.Arn !== undefined) return ok(`in ${DeadLetterConfig.Arn}`);
    return failed(
      `it is encrypted with ${KmsKeyIdentifier} and has no dead-letter queue: events that are accepted and cannot be encrypted are lost`,
      'aws events update-event-bus with --dead-letter-config, and allow the bus to send to the queue',
    );
  },
};

const publishersOfRun = z
  .string()
  .regex(/^\{% \d+ %\}$/)
  .transform((expression) => Number(/\d+/.exec(expression)));

// The parts of the deployed definition that determine how many functions run at once.
const processor = z.object({
  States: z.object({
    'Begin run': z.object({ Assign: z.object({ lingerSeconds: z.string(), publishers: publishersOfRun }) }),
    'Publish events': z.object({
      ItemProcessor: z.object({
        States: z.object({
          'Publish event': z.object({ Arguments: z.object({ FunctionName: z.string() }) }),
        }),
      }),
    }),
  }),
});

/** Functions that run at once when runs overlap: publishers and others. */
async function needed(context: Context) {
  const stateMachineArn = context.target.need('processorArn');
  const { definition = '' } = await context.stepFunctions.send(
    new DescribeStateMachineCommand({ stateMachineArn }),
  );
  const { States: states } = processor.parse(JSON.parse(definition));
  const publish = states['Publish events'];
  const { lingerSeconds, publishers } = states['Begin run'].Assign;
  const lingers = !/\$min\(\[0,/.test(lingerSeconds);
  const { Schedules = [] } = await context.scheduler.send(
    new ListSchedulesCommand({ GroupName: scheduleGroup(context), NamePrefix: processorName(context) }),
  );
  // A lingering run overlaps the next one: infra/check-settings.ts counts in the same way.
  const runs = Math.max(1, Schedules.length) * (lingers ? 2 : 1);
  const publisher = publish.ItemProcessor.States['Publish event'].Arguments.FunctionName.replace(/:\d+$/, '');
  return { runs, publishers: runs * publishers, publisher };
}

const concurrency: Check = {
  name: 'Lambda has room for the publishers',
  remedy: '',
  async look(context) {
    if (context.target.localUrl !== undefined)
      return skipped('not checked on the twin: it has no account whose functions share a limit');
    const { runs, publishers, publisher } = await needed(context);
    const { ReservedConcurrentExecutions: reserved } = await context.lambda.send(
      new GetFunctionConcurrencyCommand({ FunctionName: publisher }),
    );
    const { AccountLimit } = await context.lambda.send(new GetAccountSettingsCommand({}));
    const room = AccountLimit?.UnreservedConcurrentExecutions;
    if (room === undefined) return skipped('not checked: Lambda did not say how much is unreserved');
    const wanted = runs + (reserved === undefined ? publishers : 0);
    const found = `${wanted} of ${room} unreserved executions may be needed at once`;
    if (reserved !== undefined && reserved < publishers) {
      return failed(
        `${reserved} executions are reserved for ${publishers} publishers`,
        'raise outbox:reservedConcurrency, or lower outbox:publishConcurrency or outbox:lanes',
      );
    }
    if (wanted <= room) return ok(found);
    return failed(
      found,
      `set outbox:accountConcurrency=${room}, which makes the runs fit, or ask AWS for a higher quota (Lambda, Concurrent executions)`,
    );
  },
};

/** Requirements for the account and its services; the twin has neither. */
export const accountChecks: readonly Check[] = [undeliverable, ends, concurrency];
