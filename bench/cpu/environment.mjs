// One execution environment: starts, loads its bundle, joins the control group unless it is in it already, and is
// invoked a few times. What it took stands on the last line, since the handler logs too.
import { readFileSync, writeFileSync } from 'node:fs';

const [bundle, payloadFile, invocations, entrance] = process.argv.slice(2);
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

const { handler } = await import(bundle);
const init = { ms: performance.now(), cpuMs: cpuMs() };
if (entrance !== undefined) writeFileSync(entrance, String(process.pid));

const payload = readFileSync(payloadFile, 'utf8');
const context = {
  awsRequestId: 'bench',
  functionName: 'bench',
  functionVersion: '1',
  memoryLimitInMB: '256',
};
const calls = [];
for (let call = 0; call < Number(invocations); call += 1) {
  const [startedAt, cpuBefore] = [performance.now(), cpuMs()];
  // Lambda's runtime reads the payload and writes the answer as JSON too.
  JSON.stringify(await handler(JSON.parse(payload), context));
  calls.push({ ms: performance.now() - startedAt, cpuMs: cpuMs() - cpuBefore });
}
console.log(`\n${JSON.stringify({ init, calls })}`);
