import type { Operation } from '../../http/aws-protocols.ts';
import { epochSeconds } from '../../http/epoch-seconds.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { findStateMachine } from './find-state-machine.ts';
import { given } from './start-execution.ts';
import { syncAnswer, withData } from './sync-answer.ts';

export function startSyncExecution(runner: ExecutionRunner): Operation {
  return async (request) => {
    findStateMachine(runner, request, 'EXPRESS');
    const answer = syncAnswer(await runner.startSync(...given(request)), withData(request));
    return { ...answer, startDate: epochSeconds(answer.startDate), stopDate: epochSeconds(answer.stopDate) };
  };
}
