import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { CLOCK_TOLERANCE_MS } from '../../../outbox/clocks.ts';
import { synthesized } from '../synthesized.ts';
import {
  assumedLoad,
  type Definition,
  machines,
  placeholderOf,
  readDefinition,
  readText,
  stateOf,
  stepsOf,
} from './definition.ts';
import {
  environmentOf,
  functionOf,
  ourFunctions,
  plainResources,
  type Resources,
  substitutionsOf,
} from './wiring.ts';

const EXPRESS_LIMIT_SECONDS = 300;

/** The consecutive calls of one invocation, by the variables that contain their timeouts. */
const callsInTurn: Readonly<Record<string, readonly string[]>> = {
  'Fetch batch': ['BUS_CHECK_TIMEOUT_MS', 'DATABASE_TIMEOUT_MS'],
  // All events in one request, then each one separately.
  'Publish event': ['PUBLISH_TIMEOUT_MS', 'PUBLISH_TIMEOUT_MS'],
  // The last request begins when the time for work is up: an event of a megabyte is read in two calls and sent.
  'Replay events': [
    ...['REPLAY_WORK_MS', 'DATABASE_TIMEOUT_MS', 'DATABASE_TIMEOUT_MS'],
    ...['PUBLISH_TIMEOUT_MS', 'PUBLISH_TIMEOUT_MS'],
  ],
};
const oneCall = ['DATABASE_TIMEOUT_MS'];

let template: Template;

beforeAll(async () => {
  template = await synthesized();
}, 60_000);

/** The seconds that a text of the definition says a step did not answer within, and those that the step has. */
const toldTimeouts = (text: string) =>
  [...text.matchAll(/(\w[\w ]+) did not answer within (\d+) seconds|no answer within (\d+) seconds/g)].map(
    ([, step = 'Mark', seconds, markSeconds]) => [
      step.replace('the publisher', 'Publish event'),
      Number(seconds ?? markSeconds),
    ],
  );

/** The timeouts around each Task in seconds, from the inside out, with their names. */
function nestedTimeouts(resources: Resources, machine: string, definition: Definition) {
  return stepsOf(definition).map(([name, state]) => {
    const properties = functionOf(resources, machine, placeholderOf(state));
    const variables = environmentOf(properties);
    const calls = (callsInTurn[name] ?? oneCall).map((variable) => Number(variables[variable]));
    return {
      name,
      call: calls.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1_000,
      function: Number(properties['Timeout']),
      state: state.TimeoutSeconds ?? Infinity,
      // A Standard execution may run for a year.
      machine: definition.TimeoutSeconds ?? EXPRESS_LIMIT_SECONDS - 1,
    };
  });
}

function violations(resources: Resources, machine: string, definition = readDefinition(machine)): string[] {
  return nestedTimeouts(resources, machine, definition).flatMap(({ name, ...timeouts }) => {
    const order = [...Object.entries(timeouts), ['Express', EXPRESS_LIMIT_SECONDS] as const];
    return order.slice(1).flatMap(([outer, seconds], index) => {
      const [inner, shorter] = order[index] ?? ['', Number.NaN];
      return shorter < seconds
        ? []
        : [`${name}: ${inner} (${shorter} s) does not end before ${outer} (${seconds} s)`];
    });
  });
}

function leaseViolations(resources: Resources): string[] {
  const definition = readDefinition('outbox-processor');
  const fetchBatch = functionOf(resources, 'outbox-processor', 'FetchBatchFunctionArn');
  const lease = Number(environmentOf(fetchBatch)['LEASE_SECONDS']);
  const needed =
    EXPRESS_LIMIT_SECONDS +
    Math.max(
      ...nestedTimeouts(resources, 'outbox-processor', definition).map((timeouts) => timeouts.function),
    );
  return lease >= needed
    ? []
    : [`a lease of ${lease} s may end before the last call of a run, after ${needed} s`];
}

describe.each(machines)('the timeouts of %s', (machine) => {
  test('timeouts increase from the inside out: SDK call, function, state, execution, Express', () => {
    const resources = plainResources(template);

    expect(nestedTimeouts(resources, machine, readDefinition(machine))).not.toEqual([]);
    expect(violations(resources, machine)).toEqual([]);
  });
});

describe('the expiry that a call receives', () => {
  test.each([
    ['outbox-processor', 'Fetch batch'],
    ['outbox-processor', 'Publish event'],
    ['outbox-replay', 'Replay events'],
  ])('the caller in %s waits for the answer of "%s" until the expiry that it sends', (machine, name) => {
    const { TimeoutSeconds, Arguments } = stateOf(readDefinition(machine), name);
    const [, milliseconds] =
      /"expiresAt":"{% \$millis\(\) \+ (\d+) %}"/.exec(JSON.stringify(Arguments)) ?? [];

    expect(Number(milliseconds)).toBe((TimeoutSeconds ?? Number.NaN) * 1_000);
    expect(Arguments).toMatchObject({ Payload: { sentAt: '{% $millis() %}' } });
  });
});

describe('a publisher that sends at the last moment', () => {
  test('a request that is sent at the last moment ends before Lambda stops the function', () => {
    const resources = plainResources(template);
    const properties = functionOf(resources, 'outbox-processor', 'PublishEventFunctionArn');
    const { TimeoutSeconds = Number.NaN } = stateOf(readDefinition('outbox-processor'), 'Publish event');
    const timeoutMs = Number(environmentOf(properties)['PUBLISH_TIMEOUT_MS']);
    // The same calculation as in lambdas/publish-event.ts; the function begins when its state begins, or later.
    const lastSend = TimeoutSeconds * 1_000 - 2 * timeoutMs;

    expect(lastSend + timeoutMs).toBeLessThan(Number(properties['Timeout']) * 1_000);
  });
});

describe('the clock tolerance of a call', () => {
  test('when clocks differ by the tolerance, most of the time of a call is still left', () => {
    const { 'fetch-batch': fetchBatch = {}, 'publish-event': publishEvent = {} } = ourFunctions(template);
    const definition = readDefinition('outbox-processor');
    const publishSeconds = stateOf(definition, 'Publish event').TimeoutSeconds ?? Number.NaN;

    const times = [
      Number(environmentOf(fetchBatch)['DATABASE_TIMEOUT_MS']),
      // The same calculation as in lambdas/publish-event.ts: the time until the request has to begin.
      publishSeconds * 1_000 - 2 * Number(environmentOf(publishEvent)['PUBLISH_TIMEOUT_MS']),
    ];

    for (const time of times) expect(time).toBeGreaterThan(2 * CLOCK_TOLERANCE_MS);
  });
});

describe('the lease', () => {
  test('the lease lasts longer than every call of the run that took it', () => {
    expect(leaseViolations(plainResources(template))).toEqual([]);
  });

  test('a lease that is too short is detected', () => {
    const resources = plainResources(template);

    environmentOf(functionOf(resources, 'outbox-processor', 'FetchBatchFunctionArn'))['LEASE_SECONDS'] =
      '303';

    expect(leaseViolations(resources)).toEqual([
      'a lease of 303 s may end before the last call of a run, after 304 s',
    ]);
  });
});

describe('timeouts in the wrong order', () => {
  test.each<[string, (resources: Resources, definition: Definition) => void]>([
    [
      'Mark failed: call (3 s) does not end before function (3 s)',
      (resources) => {
        const variables = environmentOf(functionOf(resources, 'outbox-processor', 'MarkFailedFunctionArn'));
        variables['DATABASE_TIMEOUT_MS'] = '3000';
      },
    ],
    [
      'Fetch batch: call (4 s) does not end before function (4 s)',
      (resources) => {
        const variables = environmentOf(functionOf(resources, 'outbox-processor', 'FetchBatchFunctionArn'));
        variables['BUS_CHECK_TIMEOUT_MS'] = '1500';
      },
    ],
    [
      'Publish event: call (4 s) does not end before function (4 s)',
      (resources) => {
        const variables = environmentOf(functionOf(resources, 'outbox-processor', 'PublishEventFunctionArn'));
        variables['PUBLISH_TIMEOUT_MS'] = '2000';
      },
    ],
    [
      'Fetch batch: function (5 s) does not end before state (5 s)',
      (resources) => {
        functionOf(resources, 'outbox-processor', 'FetchBatchFunctionArn')['Timeout'] = 5;
      },
    ],
    [
      'Publish event: function (4 s) does not end before state (4 s)',
      (_, definition) => {
        stateOf(definition, 'Publish event').TimeoutSeconds = 4;
      },
    ],
  ])('a timeout in the wrong order is detected: %s', (violation, breakIt) => {
    const resources = plainResources(template);
    const definition = readDefinition('outbox-processor');

    breakIt(resources, definition);

    expect(violations(resources, 'outbox-processor', definition)).toEqual([violation]);
  });

  test('an execution that could exceed the limit of Express is detected', () => {
    const definition = { ...readDefinition('outbox-processor'), TimeoutSeconds: 300 };

    expect(violations(plainResources(template), 'outbox-processor', definition)).toContain(
      'Fetch batch: machine (300 s) does not end before Express (300 s)',
    );
  });
});

describe('the time limit of a function', () => {
  test('purge-events ends its last statement before its timeout', () => {
    const { 'purge-events': purge = {} } = ourFunctions(template);
    const { PURGE_WORK_MS, DATABASE_TIMEOUT_MS } = environmentOf(purge);
    // A statement that begins at the last moment after a pause as long as the previous one, and the final overdue query.
    const longest = Number(PURGE_WORK_MS) + 3 * Number(DATABASE_TIMEOUT_MS);

    expect(longest).toBeLessThan(Number(purge['Timeout']) * 1_000);
  });
});

describe('the assumed load', () => {
  test('the worst case is calculated for the load that is deployed', () => {
    const { 'fetch-batch': fetchBatch = {} } = ourFunctions(template);
    const { PublishChunkSize, LoopSeconds } = substitutionsOf(plainResources(template), 'outbox-processor');

    expect(environmentOf(fetchBatch)['BATCH_SIZE']).toBe(String(assumedLoad.batchMaxEvents));
    expect(PublishChunkSize).toBe(String(assumedLoad.chunkSize));
    expect(LoopSeconds).toBe(String(assumedLoad.loopSeconds));
  });
});

test('a message about a timeout has the seconds of its step', () => {
  const definition = readDefinition('outbox-processor');
  const secondsOf = (name: string) => stateOf(definition, name).TimeoutSeconds;
  const told = toldTimeouts(readText('outbox-processor'));

  const marks = ['Mark processed', 'Mark failed', 'Release batch'].map(secondsOf);
  expect(new Set(marks).size).toBe(1);
  expect(told).toHaveLength(5);
  for (const [step, seconds] of told)
    expect([step, seconds]).toEqual([step, step === 'Mark' ? marks[0] : secondsOf(String(step))]);
});
