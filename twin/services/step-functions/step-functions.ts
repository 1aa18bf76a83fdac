import type { Operations } from '../../http/aws-protocols.ts';
import { describeExecution } from './describe-execution.ts';
import { describeStateMachine } from './describe-state-machine.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { getExecutionHistory } from './get-execution-history.ts';
import { listExecutions } from './list-executions.ts';
import { listStateMachines } from './list-state-machines.ts';
import { redriveExecution } from './redrive-execution.ts';
import { startExecution } from './start-execution.ts';
import { startSyncExecution } from './start-sync-execution.ts';
import { stopExecution } from './stop-execution.ts';

/** Step Functions' API: refuses for Express what AWS refuses for Express. */
export function createStepFunctions(runner: ExecutionRunner): Operations {
  return {
    StartExecution: startExecution(runner),
    StartSyncExecution: startSyncExecution(runner),
    DescribeExecution: describeExecution(runner),
    StopExecution: stopExecution(runner),
    RedriveExecution: redriveExecution(runner),
    GetExecutionHistory: getExecutionHistory(runner),
    ListExecutions: listExecutions(runner),
    ListStateMachines: listStateMachines(runner),
    DescribeStateMachine: describeStateMachine(runner),
  };
}
