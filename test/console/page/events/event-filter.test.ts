import { describe, expect, test } from '@jest/globals';
import {
  conditionsOf,
  guess,
  inWords,
  queryOf,
  redriveFilter,
  replayFilter,
  WERE_PROCESSED,
} from '../../../../console/page/events/event-filter.ts';

describe('the filter of events', () => {
  test('the address holds the conditions, without a page of the list', () => {
    const conditions = conditionsOf(new URLSearchParams('status=failed&eventType=a%26b&before=9&errorType='));

    expect(conditions).toEqual([
      { field: 'status', value: 'failed' },
      { field: 'eventType', value: 'a&b' },
    ]);
    expect(queryOf(conditions)).toEqual({ status: 'failed', eventType: 'a&b' });
  });

  test.each([
    ['01a212c2-458b-715d-8930-b9be98bfd17b', 'id'],
    ['arn:aws:states:us-east-1:0:express:m:a:b', 'run'],
    ['7', 'aggregateId'],
  ])('a value without a field is what it looks like: %s', (value, field) => {
    expect(guess(` ${value} `)).toEqual({ field, value });
  });

  test('a redrive has the conditions that it knows', () => {
    const filter = (query: string) => redriveFilter(conditionsOf(new URLSearchParams(query)));

    expect(filter('')).toEqual({ filter: { all: true } });
    expect(filter('status=failed&errorType=E&run=arn&id=1')).toEqual({
      filter: { errorType: 'E', executionArn: 'arn', eventIds: ['1'] },
    });
  });

  test.each([
    'status=pending',
    'orderingKey=a',
    'status=failed&blocksKey=yes',
    'createdAfter=2026-01-01T00:00:00Z',
    'createdBefore=2026-01-01T00:00:00Z',
  ])('no redrive is offered that would take more than the list shows: %s', (query) => {
    expect(redriveFilter(conditionsOf(new URLSearchParams(query)))).toHaveProperty('impossible');
  });

  test('a replay has the conditions that it knows', () => {
    const filter = (query: string) => replayFilter(conditionsOf(new URLSearchParams(query)));

    expect(filter('status=processed')).toEqual({ filter: { all: true } });
    expect(filter('eventType=a&aggregateId=7&run=arn&id=1')).toEqual({
      filter: { eventType: 'a', aggregateId: '7', executionArn: 'arn', eventIds: ['1'] },
    });
  });

  test.each(['status=failed', 'errorType=E', 'createdAfter=2026-01-01T00:00:00Z'])(
    'no replay is offered that would take more than the list shows: %s',
    (query) => {
      expect(replayFilter(conditionsOf(new URLSearchParams(query)))).toHaveProperty('impossible');
    },
  );

  test('a replay is said in words', () => {
    expect(inWords({ eventType: 'a' }, WERE_PROCESSED)).toBe('were processed, are of type a');
  });

  test('a redrive is said in words', () => {
    expect(inWords({ all: true })).toBe('have failed');
    expect(inWords({ eventIds: ['1', '2'] })).toBe('have failed, are selected');
    expect(inWords({ eventType: 'a', errorType: 'E' })).toBe('have failed, are of type a, have the error E');
  });
});
