/**
 * The outputs of the stack that tools read: the key in the template, the name in the CLI, and the meaning. The CLI finds
 * an outbox by them, so a released key does not change.
 */
export const outputs = {
  ClusterArn: { name: 'clusterArn', meaning: 'The Aurora cluster' },
  DatabaseName: { name: 'database', meaning: 'The database that holds the outbox table' },
  ProcessorSecretArn: { name: 'secretArn', meaning: 'Credentials of the role that publishes and marks' },
  ProducerSecretArn: {
    name: 'producerSecretArn',
    meaning: 'Credentials of the role that may only write events',
  },
  OperatorSecretArn: {
    name: 'operatorSecretArn',
    meaning: 'Credentials of the role that may only read, for the console and the CLI',
  },
  EventBusName: { name: 'eventBusName', meaning: 'What PutEvents takes as EventBusName' },
  ProcessorArn: { name: 'processorArn', meaning: 'The state machine that publishes due events' },
  RedriveArn: { name: 'redriveArn', meaning: 'The state machine that redrives failed events' },
  ReplayArn: { name: 'replayArn', meaning: 'The state machine that publishes processed events again' },
  CleanupArn: { name: 'cleanupArn', meaning: 'The state machine that purges processed events' },
} as const;

export type OutputKey = keyof typeof outputs;

/** The name of an output in the CLI. */
export type OutputName = (typeof outputs)[OutputKey]['name'];
