import { describe, expect, test } from '@jest/globals';
import { createFaults } from '../../../twin/faults/faults.ts';
import { createHeldCalls } from '../../../twin/faults/held-calls.ts';
import { nobody } from '../../../twin/http/request.ts';
import { createPace } from '../../../twin/pace.ts';
import type { BusLog } from '../../../twin/services/event-bridge/bus-log.ts';
import { createEventBridge } from '../../../twin/services/event-bridge/event-bridge.ts';
import { createRdsData } from '../../../twin/services/rds-data/rds-data.ts';
import type { ExecutionRunner } from '../../../twin/services/step-functions/execution-runner.ts';
import { createStepFunctions } from '../../../twin/services/step-functions/step-functions.ts';

const operations = {
  events: createEventBridge({
    buses: new Map(),
    log: {} as BusLog,
    now: () => new Date(0),
    entryError: () => undefined,
  }),
  'rds-data': createRdsData({ clusterArn: '', database: '', databaseUrls: new Map() }).operations,
  lambda: { Invoke: undefined },
  states: createStepFunctions({} as ExecutionRunner),
};
const held = createHeldCalls(0, createPace(1));
const replace = (rule: object) =>
  createFaults(['fetch-batch'], held).replace([{ kind: 'latency', ms: 1, ...rule }]);

describe.each(Object.entries(operations))('faults of %s', (service, implemented) => {
  test('a fault rule may name every operation that the twin has, by its name in AWS', () => {
    for (const operation of Object.keys(implemented)) replace({ service, operation });
  });

  test('a rule that names any other operation is refused with the list of valid operations', () => {
    for (const operation of ['Execute', 'BatchExecute', 'putEvents', 'InvokeFunction']) {
      let message = '';
      try {
        replace({ service, operation });
      } catch (error) {
        message = (error as Error).message;
      }
      const [, listed = ''] =
        new RegExp(`${service} has no operation ${operation}, only (.*)`).exec(message) ?? [];
      expect(listed.split(', ').sort()).toEqual(Object.keys(implemented).sort());
    }
  });
});

test('a rule affects only the operation that it names', async () => {
  const faults = createFaults([], held);
  faults.replace([
    { service: 'rds-data', operation: 'ExecuteStatement', kind: 'error', code: 'ThrottlingException' },
  ]);
  const call = (operation: string) =>
    faults.around(
      () => ({ service: 'rds-data', operation }),
      nobody,
      async () => 'done',
    );

  await expect(call('ExecuteStatement')).rejects.toMatchObject({ code: 'ThrottlingException' });
  expect(await call('BatchExecuteStatement')).toBe('done');
});

test('a quota throttles the calls beyond it, and fills up again with time', async () => {
  let now = 0;
  const faults = createFaults([], held, undefined, () => now);
  faults.replace([{ service: 'events', kind: 'quota', perSecond: 10 }]);
  const call = () =>
    faults.around(
      () => ({ service: 'events', operation: 'PutEvents' }),
      nobody,
      async () => 'accepted',
    );
  const accepted = async (calls: number) =>
    (await Promise.allSettled(Array.from({ length: calls }, call))).filter(
      ({ status }) => status === 'fulfilled',
    ).length;

  expect(await accepted(15)).toBe(10);
  await expect(call()).rejects.toMatchObject({ code: 'ThrottlingException', status: 400 });
  now += 500;
  expect(await accepted(15)).toBe(5);
  now += 60_000;
  expect(await accepted(15)).toBe(10);
  expect(faults.list()).toMatchObject([{ fired: 21 }]);
});

test('a rule of another kind with a quota is refused', () => {
  const rule = { service: 'events', kind: 'latency', ms: 1, perSecond: 1 };

  expect(() => createFaults([], held).replace([rule])).toThrow(/only a quota has a perSecond/);
});
