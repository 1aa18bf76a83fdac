import type { Template } from './intrinsics.ts';

export interface StateMachineResource {
  readonly name: string;
  readonly arn: string;
  readonly type: 'EXPRESS' | 'STANDARD';
  /** The definition with its substitutions made. */
  readonly definition: string;
  readonly roleArn: string;
  /** Where it logs, if anywhere. */
  readonly logging?: LogDestination;
}

/** `LoggingConfiguration` of a state machine. */
export interface LogDestination {
  readonly logGroupName: string;
  readonly level: 'ALL' | 'ERROR' | 'FATAL' | 'OFF';
  readonly includeExecutionData: boolean;
}

export function readStateMachines({ ofType, text, texts }: Template): readonly StateMachineResource[] {
  return ofType('AWS::StepFunctions::StateMachine').map(({ arn, properties }) => ({
    name: text(properties['StateMachineName']),
    arn,
    type: properties['StateMachineType'] === 'EXPRESS' ? 'EXPRESS' : 'STANDARD',
    definition: substitute(
      text(properties['DefinitionString']),
      texts(properties['DefinitionSubstitutions']),
    ),
    roleArn: text(properties['RoleArn']),
    logging: readLogging(properties['LoggingConfiguration'], text),
  }));
}

/** `${Name}` in a definition, as CloudFormation replaces it; a placeholder without a value stays, and the definition fails to load. */
function substitute(definition: string, values: Readonly<Record<string, string>>): string {
  return definition.replace(
    /\$\{([A-Za-z0-9_]+)\}/g,
    (placeholder, name: string) => values[name] ?? placeholder,
  );
}

function readLogging(configuration: unknown, text: Template['text']): LogDestination | undefined {
  const {
    Level,
    IncludeExecutionData,
    Destinations = [],
  } = (configuration ?? {}) as {
    Level?: LogDestination['level'];
    IncludeExecutionData?: boolean;
    Destinations?: { CloudWatchLogsLogGroup?: { LogGroupArn?: unknown } }[];
  };
  const arn = Destinations[0]?.CloudWatchLogsLogGroup?.LogGroupArn;
  if (arn === undefined) return undefined;
  const logGroupName = text(arn).replace(/^.*:log-group:|:\*$/g, '');
  return { logGroupName, level: Level ?? 'OFF', includeExecutionData: IncludeExecutionData === true };
}
