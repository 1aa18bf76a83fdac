import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { resolveTarget } from '../../cli/target.ts';

let answer: object;
let server: Server;
let local: string;

beforeEach(async () => {
  server = createServer((_, response) => response.writeHead(503).end(JSON.stringify(answer)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  local = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

test('a twin whose database is down is still the target: the command itself finds out what is wrong', async () => {
  answer = {
    status: 'unavailable',
    problem: 'the database does not answer',
    region: 'us-east-1',
    clusterArn: 'arn:cluster',
    secretArn: 'arn:secret',
    database: 'outbox',
    eventBusName: 'outbox-bus',
    stateMachines: { 'outbox-processor': 'arn:processor' },
  };

  const target = await resolveTarget({ local }, {});

  expect(target.need('clusterArn')).toBe('arn:cluster');
});

test('a twin that is starting is none yet', async () => {
  answer = { __type: 'ServiceUnavailable', message: 'the twin is starting' };

  await expect(resolveTarget({ local }, {})).rejects.toThrow(
    `the twin at ${local} is starting: try again in a few seconds`,
  );
});
