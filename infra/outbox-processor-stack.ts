import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';
import { consoleOf } from './aws-console.ts';
import type { Config } from './config.ts';
import { propsOf } from './config-props.ts';
import { OutboxProcessor } from './outbox-processor.ts';
import { type OutputKey, outputs } from './outputs.ts';

export interface OutboxProcessorStackProps extends StackProps {
  readonly config: Config;
}

/** The construct with the given configuration, and the outputs that an operator needs next. */
export class OutboxProcessorStack extends Stack {
  constructor(scope: Construct, id: string, { config, ...props }: OutboxProcessorStackProps) {
    super(scope, id, props);
    const outbox = new OutboxProcessor(this, 'Outbox', propsOf(this, config));
    acknowledge(outbox.findings);

    const { processor, redrive, replay, cleanup, databaseUsers } = outbox;
    const console = consoleOf(this);
    const values: Readonly<Record<OutputKey, string>> = {
      ClusterArn: outbox.cluster.clusterArn,
      DatabaseName: outbox.databaseName,
      ProcessorSecretArn: databaseUsers.processorSecret.secretArn,
      ProducerSecretArn: databaseUsers.producerSecret.secretArn,
      OperatorSecretArn: databaseUsers.operatorSecret.secretArn,
      EventBusName: outbox.eventBusAddress,
      ProcessorArn: processor.stateMachine.stateMachineArn,
      RedriveArn: redrive.stateMachine.stateMachineArn,
      ReplayArn: replay.stateMachine.stateMachineArn,
      CleanupArn: cleanup.stateMachine.stateMachineArn,
    };
    for (const [key, value] of Object.entries(values))
      this.#output(key, value, outputs[key as OutputKey].meaning);
    for (const [name, { stateMachine }] of Object.entries({
      Processor: processor,
      Redrive: redrive,
      Replay: replay,
      Cleanup: cleanup,
    })) {
      this.#output(
        `${name}Console`,
        `${console}/states/home?region=${this.region}#/statemachines/view/${stateMachine.stateMachineArn}`,
      );
    }
    this.#output(
      'DashboardConsole',
      `${console}/cloudwatch/home?region=${this.region}#dashboards/dashboard/${outbox.dashboard.dashboardName}`,
    );
    for (const [name, { logGroupName }] of Object.entries(outbox.logGroups))
      this.#output(`${pascalCase(name)}LogGroup`, logGroupName);
    this.#output(
      'HistoryLogConsole',
      // The console escapes a slash in this way.
      `${console}/cloudwatch/home?region=${this.region}#logsV2:log-groups/log-group/$252Faws$252Fvendedlogs$252Fstates$252F${config.name ?? 'outbox'}-processor`,
    );
  }

  #output(name: string, value: string, description?: string): void {
    new CfnOutput(this, name, { value, ...(description !== undefined && { description }) });
  }
}

/** `fetch-batch` in the form of an output: FetchBatch. */
function pascalCase(name: string): string {
  return name.replaceAll(/(^|-)(\w)/g, (_, _hyphen, letter: string) => letter.toUpperCase());
}
