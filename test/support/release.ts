import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ExecuteStatementCommand, type Field } from '@aws-sdk/client-rds-data';
import { scramVerifier } from '../../database/roles.ts';
import type { PartiesDatabase, Party } from './parties-database.ts';
import { columnOf, type RecordedCall } from './recording-proxy.ts';

const folder = new URL('../released/', import.meta.url);

/** What a release relies on in the database, for ever: its migrations, and the statements that its handlers send. */
export interface Release {
  readonly version: string;
  /** The checksum that the database keeps of each, by the file's name without its ending. */
  readonly migrations: Readonly<Record<string, string>>;
  readonly statements: readonly ReleasedStatement[];
}

export interface ReleasedStatement extends Omit<RecordedCall, 'secretArn' | 'parameters'> {
  /** Which handler sends it; `producer` is an application's own insert. */
  readonly sentBy: string;
  readonly as: Party;
  readonly parameters: readonly ReleasedParameter[];
}

interface ReleasedParameter {
  readonly name: string;
  readonly value: Field | ValueThen;
}

/** A value that is another one each time: the name or the password of a role, or a moment. */
type ValueThen =
  | { readonly nameOf: Party }
  | { readonly passwordOf: Party }
  | { readonly millisecondsFromNow: number };

/** The releases so far, the oldest first. */
export function readReleases(): Release[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Release)
    .sort((one, other) => one.version.localeCompare(other.version, 'en', { numeric: true }));
}

/** Keeps a release. What was released once is never written again. */
export function writeRelease(release: Release): void {
  const file = new URL(`${release.version}.json`, folder);
  if (existsSync(file))
    throw new Error(`${release.version} was released already: raise the version in package.json`);
  writeFileSync(file, `${JSON.stringify(release, null, 2)}\n`);
}

const DAY_MS = 86_400_000;

/** A call as it can be repeated at another time, in another database. */
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

/** Sends a statement of a release again, and answers with what its handler would get. */
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
