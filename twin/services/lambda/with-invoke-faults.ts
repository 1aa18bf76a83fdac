import type { Call, Faults } from '../../faults/faults.ts';
import { nobody } from '../../http/request.ts';
import type { Lambda } from './invoke.ts';

/** Puts the fault rules around every invocation. */
export function withInvokeFaults(faults: Faults, lambda: Lambda): Lambda {
  return {
    ...lambda,
    async invoke(nameOrArn, payload, { onLeave = nobody.onLeave } = {}) {
      const key = lambda.keyOf(nameOrArn);
      const call = () => describeInvocation(key, JSON.parse(payload));
      const perform = () => lambda.invoke(nameOrArn, payload, { death: faults.crash(call) });
      return faults.around(call, { bytes: payload.length, onLeave }, perform);
    },
  };
}

export function describeInvocation(key: string, payload: unknown): Call {
  return { service: 'lambda', operation: 'Invoke', function: key, payload };
}
