import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ExecuteStatementCommand, type Field } from '@aws-sdk/client-rds-data';
import { scramVerifier } from '../../database/roles.ts';
import type { PartiesDatabase, Party } from './parties-database.ts';
import { columnOf, type RecordedCall } from './recording-proxy.ts';

const folder = new URL('../released/', import.meta.url);

/** The permanent interface of a release to the database: its migrations and the statements of its handlers. */
export interface Release {
  readonly version: string;
  /** The checksum of each migration in the database, by file name without extension. */
  readonly migrations: Readonly<Record<string, string>>;
  readonly statements: readonly ReleasedStatement[];
}

export interface ReleasedStatement extends Omit<RecordedCall, 'secretArn' | 'parameters'> {
  /** The handler that sends it; `producer` is an application's own insert. */
  readonly sentBy: string;
  readonly as: Party;
  readonly parameters: readonly ReleasedParameter[];
}

interface ReleasedParameter {
  readonly name: string;
  readonly value: Field | ValueThen;
}

/** A value that differs each time: the name or the password of a role, or a time. */
type ValueThen =
  | { readonly nameOf: Party }
  | { readonly passwordOf: Party }
  | { readonly millisecondsFromNow: number };

/** The releases so far, oldest first. */
export function readReleases(): Release[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Release)
    .sort((one, other) => one.version.localeCompare(other.version, 'en', { numeric: true }));
}

/** Stores a release. A stored release is never changed. */
export function writeRelease(release: Release): void {
  const file = new URL(`${release.version}.json`, folder);
  if (existsSync(file))
    throw new Error(`${release.version} was released already: raise the version in package.json`);
  writeFileSync(file, `${JSON.stringify(release, null, 2)}\n`);
}

const DAY_MS = 86_400_000;

/** Converts a call so that it can be repeated at another time and in another database. */
export function repeatable(
  { parameters, ...call }: RecordedCall,
  names: PartiesDatabase['names'],
): Omit<ReleasedStatement, 'sentBy' | 'as'> {
  const { secretArn: _, ...rest } = call;
  const role = (['processor', 'producer'] as const).find((party) =>
    parameters.some(({ value }) => value?.stringValue === names[party]),
  );
  const valueThen = ({ stringValue = '', longValue = 0 }: Partial<Field>): ValueThen | undefined => {
    if (role !== undefined && stringValue === names[role]) return { nameOf: role };
    if (role !== undefined && stringValue.startsWith('SCRAM-SHA-256$')) return { passwordOf: role };
    const milliseconds = longValue - Date.now();
    if (Math.abs(milliseconds) > DAY_MS) return undefined;
    return { millisecondsFromNow: Math.round(milliseconds / 1_000) * 1_000 };
  };
  return {
    ...rest,
    parameters: parameters.map(({ name = '', value = { isNull: true } }) => ({
      name,
      value: valueThen(value) ?? value,
    })),
  };
}

/** Sends a statement of a release again and returns what its handler would receive. */
export async function repeat(
  { as, sql, parameters }: ReleasedStatement,
  { client, target, names }: PartiesDatabase,
): Promise<Pick<ReleasedStatement, 'columns' | 'rows'>> {
  const command = new ExecuteStatementCommand({
    ...target(as),
    sql,
    parameters: parameters.map(({ name, value }) => ({ name, value: valueNow(value, names) })),
    includeResultMetadata: true,
  });
  const { columnMetadata = [], records = [] } = await client.send(command);
  return { columns: columnMetadata.map(columnOf), rows: records.length };
}

function valueNow(value: Field | ValueThen, names: PartiesDatabase['names']): Field {
  if ('nameOf' in value) return { stringValue: names[value.nameOf] };
  if ('passwordOf' in value) return { stringValue: scramVerifier(names[value.passwordOf]) };
  if ('millisecondsFromNow' in value) return { longValue: Date.now() + value.millisecondsFromNow };
  return value;
}
