import { beforeEach, describe, expect, test } from '@jest/globals';
import { type BusEvent, createBusReader } from '../../cli/twin-bus.ts';

const event = (EventId: string): BusEvent => ({ EventId, Time: '', DetailType: 'a', Detail: '{}' });

describe('the bus of the twin', () => {
  let log: BusEvent[];
  let dropped: number;
  let next: () => Promise<{ ids: string[]; missed: number; isNewLog: boolean }>;

  beforeEach(async () => {
    log = ['a', 'b'].map(event);
    dropped = 0;
    const read = createBusReader(async (after) => {
      if (after > log.length) return undefined;
      const before = Math.max(after, dropped);
      return { before, events: log.slice(before) };
    });
    next = async () => {
      const { events, ...rest } = await read();
      return { ids: events.map(({ EventId }) => EventId), ...rest };
    };
    expect(await next()).toEqual({ ids: ['a', 'b'], missed: 0, isNewLog: false });
  });

  test('an event is read once', async () => {
    log.push(event('c'));
    expect(await next()).toEqual({ ids: ['c'], missed: 0, isNewLog: false });
    expect(await next()).toEqual({ ids: [], missed: 0, isNewLog: false });
  });

  test('events that left the bounded log before they were read are counted', async () => {
    log.push(event('c'), event('d'), event('e'));
    dropped = 4;
    expect(await next()).toEqual({ ids: ['e'], missed: 2, isNewLog: false });
  });

  test('an event that was read may leave the bounded log', async () => {
    dropped = 2;
    expect(await next()).toEqual({ ids: [], missed: 0, isNewLog: false });
    log.push(event('c'));
    expect(await next()).toEqual({ ids: ['c'], missed: 0, isNewLog: false });
  });

  test.each([
    ['is empty', []],
    ['has fewer events', ['x']],
    ['has as many events', ['x', 'y']],
    ['has more events', ['x', 'y', 'z']],
  ])('a new log that %s is read from its first event', async (_, ids) => {
    log = ids.map(event);
    expect(await next()).toEqual({ ids, missed: 0, isNewLog: true });
    log.push(event('later'));
    expect(await next()).toEqual({ ids: ['later'], missed: 0, isNewLog: false });
  });
});
