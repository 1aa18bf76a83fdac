import { Agent, request } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createFaults } from '../../../twin/faults/faults.ts';
import { createHeldCalls } from '../../../twin/faults/held-calls.ts';
import { describeStatement, withFaults } from '../../../twin/faults/with-faults.ts';
import { createPace } from '../../../twin/pace.ts';
import { startLocalAws } from '../../support/local-aws.ts';

const faults = createFaults([], createHeldCalls(0, createPace(1)));
const resetIdle = { service: 'rds-data', kind: 'reset-idle', match: { sql: 'update' } };

let performed: string[];
let agent: Agent;
let endpoint: Awaited<ReturnType<typeof startLocalAws>>;

beforeEach(async () => {
  performed = [];
  agent = new Agent({ keepAlive: true });
  const operations = {
    ExecuteStatement: async (body: { text(name: string): string }) => {
      performed.push(body.text('sql'));
      return {};
    },
  };
  endpoint = await startLocalAws({ rdsData: withFaults(faults, operations, describeStatement) });
});

afterEach(async () => {
  agent.destroy();
  await endpoint.close();
});

/** The status of the answer, or the error, of one statement. */
function execute(sql: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    const sent = request(`${endpoint.url}/Execute`, { method: 'POST', agent }, (response) =>
      response.resume().on('end', () => resolve(response.statusCode)),
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    sent.end(JSON.stringify({ sql }));
  });
}

test('the next request on a used connection is reset, and the service does not process it', async () => {
  faults.replace([resetIdle]);

  // A new connection, a used one whose request the rule does not match, a used one, and a new one.
  const answers = [await execute('update 1'), await execute('select'), await execute('update 2')];
  answers.push(await execute('update 3'));

  expect(answers).toEqual([200, 200, 'ECONNRESET', 200]);
  expect(performed).toEqual(['update 1', 'select', 'update 3']);
  expect(faults.list()).toMatchObject([{ fired: 1 }]);
});

test('an exhausted rule resets nothing', async () => {
  faults.replace([{ ...resetIdle, times: 1 }]);

  for (const expected of [200, 'ECONNRESET', 200, 200]) expect(await execute('update')).toBe(expected);
});

test('only connections to services that functions call over HTTP can be reset', () => {
  expect(() => faults.replace([{ service: 'lambda', kind: 'reset-idle' }])).toThrow(
    'kind reset-idle cannot happen to lambda, only to events,rds-data,states',
  );
});
