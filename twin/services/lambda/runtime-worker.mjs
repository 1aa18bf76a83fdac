// One thread of a function's runtime. It loads the bundle once, then runs many invocations at once, as the Node.js
// runtime of Lambda Managed Instances does: each has its own InvokeStore, in which Powertools keeps what it logs and counts.
import { Agent } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { InvokeStore, InvokeStoreBase } from '@aws/lambda-invoke-store';

const { REQUEST_ID } = InvokeStoreBase.PROTECTED_KEYS;
const { bundle, exportName, functionName, functionArn, memoryMiB, timeoutMs } = workerData;
const store = await InvokeStore.getInstanceAsync(true);

/** The open HTTP requests of the invocations that run. */
const requestsOf = new Map();
/** Invocations that timed out. On Lambda they would not run any more: here they send nothing. */
const cutOff = new Set();

// Every request of the SDKs asks an agent for its connection, in the context of its invocation.
const { addRequest } = Agent.prototype;
Agent.prototype.addRequest = function (request, ...rest) {
  // On Lambda each environment has an agent, and its fifty sockets, for itself.
  this.maxSockets = Number.POSITIVE_INFINITY;
  const id = store.getRequestId();
  const requests = requestsOf.get(id);
  if (cutOff.has(id)) destroy(request);
  else if (requests !== undefined) {
    requests.add(request);
    request.once('close', () => requests.delete(request));
  }
  addRequest.call(this, request, ...rest);
};

function cut(id) {
  cutOff.add(id);
  for (const request of requestsOf.get(id) ?? []) destroy(request);
}

function destroy(request) {
  request.destroy(new Error('the invocation timed out'));
}

async function run(handler, { id, payload }) {
  const deadline = Date.now() + timeoutMs;
  requestsOf.set(id, new Set());
  try {
    const result = await handler(JSON.parse(payload), {
      functionName,
      functionVersion: '1',
      invokedFunctionArn: functionArn,
      memoryLimitInMB: String(memoryMiB),
      awsRequestId: id,
      logGroupName: `/aws/lambda/${functionName}`,
      logStreamName: 'local',
      callbackWaitsForEmptyEventLoop: false,
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    });
    return { id, failed: false, payload: JSON.stringify(result) ?? 'null' };
  } catch (error) {
    return { id, failed: true, payload: describe(error) };
  } finally {
    requestsOf.delete(id);
  }
}

/** The shape in which the Node runtime of Lambda reports what a handler threw. */
function describe(error) {
  if (!(error instanceof Error))
    return JSON.stringify({ errorType: typeof error, errorMessage: String(error), trace: [] });
  const trace = (error.stack ?? '').split('\n').filter((line) => line !== '');
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, trace });
}

async function loadHandler() {
  const handler = (await import(bundle))[exportName];
  if (typeof handler !== 'function') throw new TypeError(`${bundle} exports no function named ${exportName}`);
  return handler;
}

try {
  const handler = await loadHandler();
  parentPort.on('message', async (message) => {
    if (message.end) process.stdout.write('', () => process.stderr.write('', () => process.exit()));
    else if (message.cutOff !== undefined) cut(message.cutOff);
    else parentPort.postMessage(await store.run({ [REQUEST_ID]: message.id }, () => run(handler, message)));
  });
  parentPort.postMessage({ loaded: true });
} catch (error) {
  // As on Lambda: an environment that cannot start fails the invocations that wanted it.
  parentPort.postMessage({ loaded: false, payload: describe(error) });
}
