import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CheckedSettings, named } from './check-settings.ts';
import { packageRoot } from './package-root.ts';

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  MaxAttempts: number;
}

interface Task {
  readonly TimeoutSeconds: number;
  readonly Retry: readonly Retrier[];
}

interface ProcessorDefinition {
  readonly TimeoutSeconds: number;
  readonly States: {
    readonly 'Fetch batch': Task;
    readonly 'Publish events': {
      readonly ItemProcessor: { readonly States: { readonly 'Publish event': Task } };
    };
    readonly 'Mark processed': Task;
    readonly 'Mark failed': Task;
  };
}

/** A definition from statemachine/ as text, the same for all line endings of a checkout. */
export function readDefinition(file: string): string {
  return readFileSync(join(packageRoot, 'statemachine', file), 'utf8').replaceAll('\r\n', '\n');
}

// A run begins another batch only in its first half minute: after that the next tick is near.
const LOOP_SECONDS = 30;

/** A definition, and the values of its placeholders that are not functions. */
export interface SetDefinition {
  readonly definition: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * The definition of the processor with its settings.
 * @throws Error when a batch that begins as late as the settings allow could, in its worst case, outlast its execution
 */
export function processorDefinition(settings: CheckedSettings): SetDefinition {
  const definition = JSON.parse(readDefinition('outbox-processor.asl.json')) as ProcessorDefinition;
  const publishEvents = definition.States['Publish events'];
  for (const retrier of publishEvents.ItemProcessor.States['Publish event'].Retry) {
    if (retrier.MaxAttempts > 0) retrier.MaxAttempts = settings.publishRetries;
  }
  const worst = worstCaseSeconds(definition, settings);
  const left = definition.TimeoutSeconds - worst;
  if (left < 0) {
    throw new Error(
      `a batch of ${settings.batchSize} events, ${settings.publishConcurrency} at once with ${settings.publishRetries} retries, may take ${worst} seconds, and a run has ${definition.TimeoutSeconds}: lower batchSize or publishRetries, or raise publishConcurrency`,
    );
  }
  if (left < settings.lingerSeconds) {
    throw new Error(
      `${named('linger')} is ${settings.lingerSeconds} seconds, and a batch of ${settings.batchSize} events that begins after ${left} may outlast its run: lower linger, batchSize or publishRetries`,
    );
  }
  return {
    definition: JSON.stringify(definition, null, 2),
    settings: {
      BatchSize: String(settings.batchSize),
      PublishConcurrency: String(settings.publishConcurrency),
      PublishChunkSize: String(settings.publishChunkSize),
      LoopSeconds: String(Math.max(settings.lingerSeconds, Math.min(LOOP_SECONDS, left))),
      LingerSeconds: String(settings.lingerSeconds),
      PollIntervalSeconds: String(settings.pollIntervalSeconds),
    },
  };
}

/**
 * The time of one batch in seconds when each event is a list of its own and every try of every call times out. With fewer
 * publishers, because of throttling, a batch is smaller too and takes no longer.
 */
export function worstCaseSeconds(
  { States: states }: ProcessorDefinition,
  { batchSize, publishConcurrency }: Pick<CheckedSettings, 'batchSize' | 'publishConcurrency'>,
): number {
  const publishEvents = states['Publish events'];
  const waves = Math.ceil(batchSize / publishConcurrency);
  return (
    taskSeconds(states['Fetch batch']) +
    waves * taskSeconds(publishEvents.ItemProcessor.States['Publish event']) +
    taskSeconds(states['Mark processed']) +
    taskSeconds(states['Mark failed'])
  );
}

function taskSeconds({ TimeoutSeconds, Retry }: Task): number {
  return Retry.reduce((sum, retrier) => {
    const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
    const waits = Array.from({ length: retrier.MaxAttempts }, (_, n) =>
      Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** n),
    );
    return waits.reduce((total, wait) => total + wait + TimeoutSeconds, sum);
  }, TimeoutSeconds);
}
