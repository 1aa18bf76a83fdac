import { randomUUID } from 'node:crypto';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import type { Name } from '../../cli/target.ts';
import type { Context } from '../context.ts';
import type { Scenario } from '../scenario.ts';

const machines = {
  processor: 'processorArn',
  redrive: 'redriveArn',
  replay: 'replayArn',
  cleanup: 'cleanupArn',
} as const;

const describe = ({ stepFunctions, target }: Context, machine: Name) =>
  stepFunctions.send(new DescribeStateMachineCommand({ stateMachineArn: target.need(machine) }));

/** The answer of each function to an input that makes it read but change nothing. */
const harmless: Readonly<Record<string, object>> = {
  'publish-event': { events: [], runId: 'certify' },
  'mark-processed': { outcomes: [], runId: 'certify' },
  'mark-failed': { leaseToken: randomUUID(), outcomes: [], accepted: 0, runId: 'certify' },
  'requeue-events': { request: { eventIds: [randomUUID()], dryRun: true }, runId: 'certify' },
  'verify-redrive': { runId: 'certify' },
  'replay-events': { request: { eventIds: [randomUUID()], dryRun: true }, runId: 'certify', cursor: {} },
  'mark-replayed': { outcomes: [], runId: 'certify', reason: null },
};

export const deployment: readonly Scenario[] = [
  {
    id: 'stack',
    sentence: 'The stack is complete and its outputs name the log group of every state machine.',
    needs: ['account'],
    expected: { status: 'complete', missingOutputs: [] },
    async observe({ stack }) {
      const cloudFormation = new CloudFormationClient();
      const { Stacks: [found] = [] } = await cloudFormation.send(
        new DescribeStacksCommand({ StackName: stack }),
      );
      const { StackStatus = '', Outputs = [] } = found ?? {};
      const given = new Set(Outputs.map(({ OutputKey }) => OutputKey));
      const logGroups = ['ProcessorLogGroup', 'RedriveLogGroup', 'ReplayLogGroup', 'CleanupLogGroup'];
      const wanted = [...logGroups, 'DashboardConsole'];
      return {
        status: /^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(StackStatus) ? 'complete' : StackStatus,
        missingOutputs: wanted.filter((output) => !given.has(output)),
      };
    },
  },
  {
    id: 'state-machines',
    sentence: 'The four state machines are active, each of its type.',
    needs: [],
    expected: {
      processor: 'EXPRESS ACTIVE',
      redrive: 'STANDARD ACTIVE',
      replay: 'STANDARD ACTIVE',
      cleanup: 'EXPRESS ACTIVE',
    },
    async observe(context) {
      const described = Object.entries(machines).map(async ([name, machine]) => {
        const { type, status } = await describe(context, machine);
        return [name, `${type} ${status}`];
      });
      return Object.fromEntries(await Promise.all(described));
    },
  },
  {
    id: 'schedules',
    sentence: 'The schedules of processor and cleanup are enabled.',
    needs: ['account', 'running'],
    expected: { processor: ['ENABLED'], cleanup: ['ENABLED'] },
    async observe({ scheduler, name }) {
      const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({ GroupName: name }));
      const states = (machine: string) => [
        ...new Set(
          Schedules.filter(({ Name }) => Name?.startsWith(`${name}-${machine}`)).map(
            ({ State }) => State ?? '',
          ),
        ),
      ];
      return { processor: states('processor'), cleanup: states('cleanup') };
    },
  },
  {
    id: 'functions',
    sentence: 'The functions of the state machines answer, in the versions that these invoke.',
    needs: [],
    expected: Object.fromEntries(Object.keys(harmless).map((name) => [name, 'answers'])),
    async observe(context) {
      const definitions = await Promise.all(
        Object.values(machines).map(async (machine) => (await describe(context, machine)).definition ?? ''),
      );
      const arns = [...definitions.join().matchAll(/arn:[\w-]+:lambda:[^"]+/g)].map(([arn]) => arn);
      const answer = async (name: string, payload: object) => {
        const FunctionName = arns.find((arn) => new RegExp(`-${name}(:|$)`).test(arn));
        if (FunctionName === undefined) return 'is in no definition';
        const { FunctionError, Payload } = await context.lambda.send(
          new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }),
        );
        if (FunctionError === undefined) return 'answers';
        return `${FunctionError}: ${Buffer.from(Payload ?? []).toString('utf8')}`;
      };
      const answers = Object.entries(harmless).map(async ([name, payload]) => [
        name,
        await answer(name, payload),
      ]);
      return Object.fromEntries(await Promise.all(answers));
    },
  },
];
