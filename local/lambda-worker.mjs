// One execution environment of a function: loads the bundle once, then answers one invocation at a time.
import { parentPort, workerData } from 'node:worker_threads';

const { bundle, exportName, functionName, functionArn, memoryMiB } = workerData;
let handler;
try {
  handler = (await import(bundle))[exportName];
  if (typeof handler !== 'function') throw new TypeError(`${bundle} exports no function named ${exportName}`);
} catch (error) {
  // As on Lambda: an environment that cannot start fails the invocation that wanted it.
  parentPort.on('message', ({ id }) =>
    parentPort.postMessage({ id, failed: true, payload: describe(error) }),
  );
}

parentPort.postMessage({ loaded: true });

if (handler !== undefined) {
  parentPort.on('message', async ({ id, payload, crash, timeoutMs }) => {
    const deadline = Date.now() + timeoutMs;
    if (crash === 'before') process.exit(1);
    try {
      const context = {
        functionName,
        functionVersion: '1',
        invokedFunctionArn: functionArn,
        memoryLimitInMB: String(memoryMiB),
        awsRequestId: id,
        logGroupName: `/aws/lambda/${functionName}`,
        logStreamName: 'local',
        callbackWaitsForEmptyEventLoop: false,
        getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
      };
      const result = await handler(JSON.parse(payload), context);
      if (crash === 'after') process.exit(1);
      parentPort.postMessage({ id, failed: false, payload: JSON.stringify(result) ?? 'null' });
    } catch (error) {
      parentPort.postMessage({ id, failed: true, payload: describe(error) });
    }
  });
}

/** The shape in which the Node runtime of Lambda reports what a handler threw. */
function describe(error) {
  if (!(error instanceof Error))
    return JSON.stringify({ errorType: typeof error, errorMessage: String(error), trace: [] });
  const trace = (error.stack ?? '').split('\n').filter((line) => line !== '');
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, trace });
}
