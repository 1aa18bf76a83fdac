import * as logs from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import { eventBusNameRule, eventSourceRule, nameRule, type Rule, runbookUrlRule } from './names.ts';
import { type NumberName, numberName, settingNames, whyRefused } from './settings.ts';

const matching = ({ pattern, expected }: Rule) => z.string(expected).regex(pattern, expected);
const arn = (pattern: RegExp, of: string) => matching({ pattern, expected: `expected the arn of ${of}` });
const retentionDays = Object.values(logs.RetentionDays).filter((value) => typeof value === 'number');

// `-c` values are strings; an empty one and null must fail, not become 0.
const asNumber = (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
const number = z.preprocess(asNumber, z.number('expected a number'));

const numbers: { readonly [Key in NumberName]?: z.ZodType<number> } = Object.fromEntries(
  settingNames.map((name) => [
    numberName(name),
    z.preprocess(
      asNumber,
      z.custom<number>((value) => whyRefused(name, value) === undefined, whyRefused(name, undefined)),
    ),
  ]),
);

/** The keys that are not numbers of settings.ts; their props are in outbox-processor-props.ts and database.ts. */
const others = {
  name: matching(nameRule),
  clusterArn: arn(/^arn:[\w-]+:rds:[\w-]+:\d{12}:cluster:[\w-]+$/, 'an aurora cluster'),
  clusterSecretArn: matching({
    pattern: /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:.+-\w{6}$/,
    expected: 'expected the complete arn of a secret, with its 6 characters at the end',
  }),
  databaseName: matching({ pattern: /^[a-z_][a-z0-9_]*$/, expected: 'expected a lower-case name' }),
  minCapacity: number,
  maxCapacity: number,
  engineVersion: matching({ pattern: /^\d+\.\d+$/, expected: 'expected a full version such as 17.7' }),
  encryptionKeyArn: arn(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, 'a kms key'),
  permissionsBoundaryArn: arn(/^arn:[\w-]+:iam::(\d{12}|aws):policy\/.+$/, 'a managed policy'),
  paused: z.preprocess(
    (value) => (value === 'true' || value === 'false' ? value === 'true' : value),
    z.boolean('expected true or false'),
  ),
  eventBusArn: arn(/^arn:[\w-]+:events:[\w-]+:\d{12}:event-bus\/.+$/, 'an event bus'),
  eventBusName: matching(eventBusNameRule),
  eventSource: matching(eventSourceRule),
  orderingOnFailure: z.enum(['block', 'continue']),
  executionHistory: z.enum(['all', 'without-data', 'errors', 'off']),
  logRetentionDays: number.refine(
    (days) => retentionDays.includes(days),
    `expected one of ${retentionDays.join(', ')}`,
  ),
  alarmTopicArn: arn(/^arn:[\w-]+:sns:[\w-]+:\d{12}:.+$/, 'an sns topic'),
  runbookUrl: matching(runbookUrlRule),
};

const schema = z.strictObject({ ...others, ...(numbers as Required<typeof numbers>) }).partial();

/** The settings of the app in `cdk.json` or with `-c outbox:<key>=<value>`; everything is optional. */
export type Config = z.infer<typeof schema>;

const PREFIX = 'outbox:';

/** Every key with its prefix. */
export const contextKeys: readonly string[] = Object.keys(schema.shape).map((key) => PREFIX + key);

/**
 * Reads the settings of the app from the CDK context.
 * @throws Error that names every wrong key or value, what was received and what is allowed
 */
export function readConfig(context: Readonly<Record<string, unknown>>): Config {
  const given = Object.fromEntries(
    Object.entries(context)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, value]) => [key.slice(PREFIX.length), value]),
  );
  const { data, error } = schema.safeParse(given);
  const problems = [
    ...Object.keys(context)
      .filter((key) => contextKeys.includes(PREFIX + key))
      .map((key) => `context ${key} is not read: write ${PREFIX}${key}`),
    ...(error?.issues ?? []).map((issue) => {
      if (issue.code === 'unrecognized_keys') {
        const unknown = issue.keys.map((key) => PREFIX + key).join(', ');
        return `unknown context ${unknown}: allowed are ${contextKeys.join(', ')}`;
      }
      const key = String(issue.path[0]);
      return `context ${PREFIX}${key} is ${JSON.stringify(given[key])}: ${issue.message}`;
    }),
  ];
  if (data !== undefined && problems.length === 0) return data;
  throw new Error(problems.join('\n'));
}
