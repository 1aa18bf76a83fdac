import * as logs from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import { eventBusNameRule, eventSourceRule, nameRule, runbookUrlRule } from './names.ts';

// The CLI gives text. An empty one is no 0, and neither is null.
const number = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z.number('expected a number'),
);
const positive = number.refine(
  (value) => Number.isInteger(value) && value > 0,
  'expected a whole number from 1',
);
const retentionDays = Object.values(logs.RetentionDays).filter((value) => typeof value === 'number');

const schema = z.strictObject({
  /** Prefix of all physical names. */
  name: z.string().regex(nameRule.pattern, nameRule.expected).optional(),
  clusterArn: z
    .string()
    .regex(/^arn:[\w-]+:rds:[\w-]+:\d{12}:cluster:[\w-]+$/, 'expected the arn of an aurora cluster')
    .optional(),
  clusterSecretArn: z
    .string()
    .regex(
      /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:.+-\w{6}$/,
      'expected the complete arn of a secret, with its 6 characters at the end',
    )
    .optional(),
  databaseName: z
    .string()
    .regex(/^[a-z_][a-z0-9_]*$/, 'expected a lower-case name')
    .optional(),
  /** Of the new cluster. */
  minCapacity: number.optional(),
  maxCapacity: number.optional(),
  engineVersion: z
    .string()
    .regex(/^\d+\.\d+$/, 'expected a full version such as 17.7')
    .optional(),
  encryptionKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, 'expected the arn of a kms key')
    .optional(),
  permissionsBoundaryArn: z
    .string()
    .regex(/^arn:[\w-]+:iam::(\d{12}|aws):policy\/.+$/, 'expected the arn of a managed policy')
    .optional(),
  paused: z
    .preprocess(
      (value) => (value === 'true' || value === 'false' ? value === 'true' : value),
      z.boolean('expected true or false'),
    )
    .optional(),
  eventBusArn: z
    .string()
    .regex(/^arn:[\w-]+:events:[\w-]+:\d{12}:event-bus\/.+$/, 'expected the arn of an event bus')
    .optional(),
  /** Names the new bus; not used with `eventBusArn`, so that cdk.json may name one. */
  eventBusName: z.string().regex(eventBusNameRule.pattern, eventBusNameRule.expected).optional(),
  archiveDays: positive.optional(),
  eventSource: z.string().regex(eventSourceRule.pattern, eventSourceRule.expected).optional(),
  intervalMinutes: positive.optional(),
  lanes: number.optional(),
  lingerSeconds: positive.optional(),
  pollSeconds: positive.optional(),
  batchSize: number.optional(),
  publishChunkSize: number.optional(),
  publishConcurrency: number.optional(),
  accountConcurrency: number.optional(),
  reservedConcurrency: positive.optional(),
  publishRetries: number.optional(),
  maxAttempts: number.optional(),
  leaseSeconds: positive.optional(),
  backoffBaseSeconds: positive.optional(),
  backoffMaxSeconds: positive.optional(),
  outageDelaySeconds: positive.optional(),
  outageLimitSeconds: positive.optional(),
  retentionDays: positive.optional(),
  cleanupIntervalMinutes: positive.optional(),
  maximumEventAgeMinutes: positive.optional(),
  executionHistory: z.enum(['all', 'without-data', 'errors', 'off']).optional(),
  logRetentionDays: number
    .refine((days) => retentionDays.includes(days), `expected one of ${retentionDays.join(', ')}`)
    .optional(),
  alarmTopicArn: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:.+$/, 'expected the arn of an sns topic')
    .optional(),
  runbookUrl: z.string().regex(runbookUrlRule.pattern, runbookUrlRule.expected).optional(),
});

/** What the app can be told in `cdk.json` or with `-c outbox:<key>=<value>`; everything is optional. */
export type Config = z.infer<typeof schema>;

const PREFIX = 'outbox:';

/**
 * Reads the app's settings from the CDK context.
 * @throws Error that names every wrong key or value, what was received and what is allowed
 */
export function readConfig(context: Readonly<Record<string, unknown>>): Config {
  const given = Object.fromEntries(
    Object.entries(context)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, value]) => [key.slice(PREFIX.length), value]),
  );
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const problems = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `unknown context ${issue.keys.map((key) => PREFIX + key).join(', ')}: allowed are ${Object.keys(
        schema.shape,
      )
        .map((key) => PREFIX + key)
        .join(', ')}`;
    }
    const key = String(issue.path[0]);
    return `context ${PREFIX}${key} is ${JSON.stringify(given[key])}: ${issue.message}`;
  });
  throw new Error(problems.join('\n'));
}
