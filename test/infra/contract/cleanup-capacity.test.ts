import { describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import type { Config } from '../../../infra/config.ts';
import { purgeLimits } from '../../../outbox/purge.ts';
import { rateSeconds } from '../../../twin/services/scheduler/scheduler.ts';
import { resourcesOf, synthesized } from '../synthesized.ts';
import { readDefinition, stateOf } from './definition.ts';
import { environmentOf, ourFunctions, plainResources, substitutionsOf } from './wiring.ts';

/** Assumed: the network adds 100 ms to a call, as in docs/performance.md. */
const CALL_MS = 100;
/** Assumed: the time PostgreSQL needs to delete a row of a few hundred bytes, as measured in bench/results. */
const ROW_MS = 0.012;

const seconds = (template: Template, schedule: string) => {
  const found = Object.values(resourcesOf(template, 'AWS::Scheduler::Schedule')).find(
    ({ Properties }) => Properties['Name'] === schedule,
  );
  return rateSeconds(String(found?.Properties['ScheduleExpression']));
};

/** Rows per second that the cleanup can delete all day, with pauses as long as its statements. */
function cleanupCapacity(template: Template): number {
  const condition =
    stateOf(readDefinition('outbox-cleanup'), 'More to purge?').Choices?.at(0)?.Condition ?? '';
  const workSeconds = Number(/StartTime\) < (\d+)/.exec(condition)?.[1]) / 1_000;
  const statementMs = purgeLimits.rows * ROW_MS;
  const rowsPerSecond = (1_000 * purgeLimits.rows) / (statementMs + Math.max(statementMs, CALL_MS));
  return (rowsPerSecond * workSeconds) / seconds(template, 'outbox-cleanup');
}

/** Events per second that the processor can publish all day, with batch after batch in every run of every lane. */
function processorCeiling(template: Template): number {
  const { 'fetch-batch': fetchBatch = {} } = ourFunctions(template);
  const batch = Number(environmentOf(fetchBatch)['BATCH_SIZE']);
  const { PublishChunkSize, PublishConcurrency, LoopSeconds } = substitutionsOf(
    plainResources(template),
    'outbox-processor',
  );
  const lanes = Object.values(resourcesOf(template, 'AWS::Scheduler::Schedule')).length - 1;
  const waves = Math.ceil(batch / Number(PublishChunkSize) / Number(PublishConcurrency));
  const batchSeconds = ((2 + waves) * CALL_MS) / 1_000;
  const batches = Math.ceil(Number(LoopSeconds) / batchSeconds);
  return (lanes * batches * batch) / Math.max(seconds(template, 'outbox-processor'), batches * batchSeconds);
}

const busiest = { publishChunkSize: 10, lingerSeconds: 60 };

describe('the capacity of the cleanup', () => {
  test.each<[number, Config]>([
    [143, {}],
    [333, { publishChunkSize: 10 }],
    [1333, { publishChunkSize: 10, lanes: 4 }],
    [400, busiest],
    [2000, { ...busiest, lanes: 5 }],
    [2400, { ...busiest, lanes: 6 }],
    [4000, { ...busiest, lanes: 10 }],
  ])(
    'the cleanup can delete the %i events per second that the processor can publish with %j',
    async (published, config) => {
      const template = await synthesized(config);

      expect(Math.floor(processorCeiling(template))).toBe(published);
      expect(cleanupCapacity(template)).toBeGreaterThanOrEqual(published);
    },
    60_000,
  );

  test('a daily cleanup could not delete as fast as the busiest processor publishes', async () => {
    const template = await synthesized({
      ...busiest,
      lanes: 10,
      cleanupIntervalMinutes: Duration.days(1).toMinutes(),
    });

    expect(cleanupCapacity(template)).toBeLessThan(143);
  }, 60_000);
});
