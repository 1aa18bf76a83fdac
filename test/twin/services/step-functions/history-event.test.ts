import { describe, expect, test } from '@jest/globals';
import type { HistoryEvent } from '../../../../twin/services/step-functions/asl/run.ts';
import { toHistoryEvent, toLogEvent } from '../../../../twin/services/step-functions/history-event.ts';

const timestamp = new Date('2026-11-23T12:00:00.250Z');
const exited = (output: unknown, assignedVariables?: Record<string, unknown>): HistoryEvent => ({
  id: 7,
  previousEventId: 5,
  timestamp,
  type: 'PassStateExited',
  stateExitedEventDetails: { name: 'A', output, ...(assignedVariables && { assignedVariables }) },
});
const executionArn = 'arn:aws:states:us-east-1:000000000000:express:machine:run:1';
const logging = { executionArn, redriveCount: 0, includeExecutionData: true };
const detailsOf = (event: HistoryEvent) => (toLogEvent(event, logging) as { details: Details }).details;
type Details = { output: string; outputDetails: object; assignedVariables: Record<string, string> };
const escapedBytes = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2;
const LIMIT = 248 * 1024;

describe('event of GetExecutionHistory', () => {
  test('a history event has data and variables as texts and says that they are not truncated', () => {
    expect(toHistoryEvent(exited({ a: [1] }, { n: 42, s: 'x', o: { a: 1 } }))).toEqual({
      id: 7,
      previousEventId: 5,
      timestamp,
      type: 'PassStateExited',
      stateExitedEventDetails: {
        name: 'A',
        output: '{"a":[1]}',
        outputDetails: { truncated: false },
        assignedVariables: { n: '42', s: '"x"', o: '{"a":1}' },
        assignedVariablesDetails: { truncated: false },
      },
    });
  });

  test('a history event does not truncate data', () => {
    const long = 'ä'.repeat(131_000);
    expect(toHistoryEvent(exited(long))).toHaveProperty('stateExitedEventDetails.output', `"${long}"`);
  });

  test('a history event of a task has its region', () => {
    const details = { resourceType: 'lambda', resource: 'invoke', parameters: { a: 1 } };
    const event: HistoryEvent = {
      id: 3,
      previousEventId: 2,
      timestamp,
      type: 'TaskScheduled',
      taskScheduledEventDetails: details,
    };
    expect(toHistoryEvent(event)).toHaveProperty('taskScheduledEventDetails', {
      ...details,
      parameters: '{"a":1}',
      region: 'us-east-1',
    });
  });
});

describe('event in CloudWatch Logs', () => {
  test('a log event has the form that Step Functions logs', () => {
    expect(toLogEvent(exited('x'), { ...logging, redriveCount: 2 })).toEqual({
      id: '7',
      type: 'PassStateExited',
      details: { name: 'A', output: '"x"', outputDetails: { truncated: false } },
      redrive_count: '2',
      previous_event_id: '5',
      event_timestamp: String(timestamp.getTime()),
      execution_arn: executionArn,
    });
  });

  test('a log event has no details when the history event has none', () => {
    const event: HistoryEvent = { id: 9, previousEventId: 8, timestamp, type: 'MapStateSucceeded' };
    expect(toLogEvent(event, logging)).not.toHaveProperty('details');
  });

  test('a log event has no data when the state machine logs none', () => {
    const logged = toLogEvent(exited('x', { a: 1 }), { ...logging, includeExecutionData: false });
    expect(logged).toHaveProperty('details', { name: 'A' });
  });

  test.each([
    ['letters', 'x', 1],
    ['quotes, which are escaped twice', '"', 4],
    ['letters of two bytes', 'ä', 2],
    ['letters that are surrogate pairs', '😀', 4],
  ])('a log event truncates a text at 248 KB, counted with escapes: %s', (_what, letter, bytes) => {
    const details = detailsOf(exited(letter.repeat(Math.ceil(LIMIT / bytes))));
    expect(details.outputDetails).toEqual({ truncated: true });
    expect(escapedBytes(details.output)).toBeLessThanOrEqual(LIMIT);
    expect(escapedBytes(details.output)).toBeGreaterThan(LIMIT - 8);
    expect(details.output).not.toMatch(/[\ud800-\udbff]$/);
  });

  test('a log event does not truncate a text of 248 KB', () => {
    const details = detailsOf(exited('x'.repeat(LIMIT - '\\"\\"'.length)));
    expect(escapedBytes(details.output)).toBe(LIMIT);
    expect(details.outputDetails).toEqual({ truncated: false });
  });

  test('a log event limits all variables together like one text', () => {
    const half = 'x'.repeat(LIMIT * 0.6);
    const details = detailsOf(exited(1, { first: half, second: half, third: half }));
    expect(details).toMatchObject({
      assignedVariables: { first: `"${half}"`, third: '' },
      assignedVariablesDetails: { truncated: true },
      outputDetails: { truncated: false },
    });
    expect(details.assignedVariables['second']).toMatch(/^"x+$/);
  });
});
