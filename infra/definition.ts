import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';
import type { CheckedSettings } from './settings.ts';

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
      MaxConcurrency: number;
      readonly ItemProcessor: { readonly States: { readonly 'Publish event': Task } };
    };
    readonly 'Mark processed': Task;
    readonly 'Mark failed': Task;
  };
}

/** A definition from statemachine/, as text. */
export function readDefinition(file: string): string {
  return readFileSync(join(packageRoot, 'statemachine', file), 'utf8');
}

// A run takes another batch only in its first half minute: by then the next tick is near.
const LOOP_SECONDS = 30;

/**
 * The processor's definition with its settings, and for how many seconds a run may begin another batch.
 * @throws Error when one batch in its worst case does not fit an execution
 */
export function processorDefinition(settings: CheckedSettings): { text: string; loopSeconds: number } {
  const definition = JSON.parse(readDefinition('outbox-processor.asl.json')) as ProcessorDefinition;
  const publishEvents = definition.States['Publish events'];
  // Numbers cannot be placeholders in valid JSON.
  publishEvents.MaxConcurrency = settings.publishConcurrency;
  for (const retrier of publishEvents.ItemProcessor.States['Publish event'].Retry) {
    if (retrier.MaxAttempts > 0) retrier.MaxAttempts = settings.publishRetries;
  }
  const worst = worstCaseSeconds(definition, settings.batchSize);
  const loopSeconds = Math.min(LOOP_SECONDS, definition.TimeoutSeconds - worst);
  if (loopSeconds < 0) {
    throw new Error(
      `a batch of ${settings.batchSize} events, ${settings.publishConcurrency} at once with ${settings.publishRetries} retries, may take ${worst} seconds, and a run has ${definition.TimeoutSeconds}: lower batchSize or publishRetries, or raise publishConcurrency`,
    );
  }
  return { text: JSON.stringify(definition, null, 2), loopSeconds };
}

/** Seconds that one batch takes when every call runs into its time-out on every try. */
export function worstCaseSeconds({ States: states }: ProcessorDefinition, batchSize: number): number {
  const publishEvents = states['Publish events'];
  const waves = Math.ceil(batchSize / publishEvents.MaxConcurrency);
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
