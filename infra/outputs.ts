/**
 * The stack's outputs that tools read: key in the template, what the CLI calls it, and what it is. The CLI finds an
 * outbox by them, so a key that has been released does not change.
 */
export const outputs = {
  ClusterArn: { name: 'clusterArn', meaning: 'The Aurora cluster' },
  DatabaseName: { name: 'database', meaning: 'The database that holds the outbox table' },
  ProcessorSecretArn: { name: 'secretArn', meaning: 'Credentials of the role that publishes and marks' },
  ProducerSecretArn: {
    name: 'producerSecretArn',
    meaning: 'Credentials of the role that may only write events',
  },
  EventBusName: { name: 'eventBusName', meaning: 'What PutEvents takes as EventBusName' },
  ProcessorArn: { name: 'processorArn', meaning: 'The state machine that publishes due events' },
  RedriveArn: { name: 'redriveArn', meaning: 'The state machine that redrives failed events' },
  CleanupArn: { name: 'cleanupArn', meaning: 'The state machine that purges processed events' },
} as const;

export type OutputKey = keyof typeof outputs;

/** An output as the CLI calls it. */
export type OutputName = (typeof outputs)[OutputKey]['name'];
