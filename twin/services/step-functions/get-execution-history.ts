import type { Operation } from '../../http/aws-protocols.ts';
import { epochSeconds } from '../../http/epoch-seconds.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { findExecution } from './find-execution.ts';
import { toHistoryEvent } from './history-event.ts';

export function getExecutionHistory({ executions }: ExecutionRunner): Operation {
  return async (request) => {
    const { history } = findExecution(executions, request);
    const events = history.map((event) => ({
      ...toHistoryEvent(event),
      timestamp: epochSeconds(event.timestamp),
    }));
    return { events: request.flag('reverseOrder') ? events.reverse() : events };
  };
}
