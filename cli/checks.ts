import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import type { Context } from './action.ts';
import { COUNT_LIMIT, readBacklog } from './backlog.ts';
import { compareClocks } from './clocks.ts';
import { duration } from './duration.ts';
import { readMigrations } from './migrations.ts';

/** What a check found: fine, not looked at, or wrong, with what to do about it. */
export type Finding =
  | { readonly result: 'ok' | 'skipped'; readonly found: string }
  | { readonly result: 'failed'; readonly found: string; readonly remedy: string };

export interface Check {
  readonly name: string;
  /** What to do when the check itself throws. */
  readonly remedy: string;
  look(context: Context): Promise<Finding>;
}

const LATE_SECONDS = 300;

const ok = (found: string): Finding => ({ result: 'ok', found });
const skipped = (found: string): Finding => ({ result: 'skipped', found });
const failed = (found: string, remedy: string): Finding => ({ result: 'failed', found, remedy });

/** The names follow the stack's: `outbox-processor` signs in as `outbox_processor`. */
const processorName = ({ target }: Context) => target.need('processorArn').split(':').at(-1) ?? '';

const dataApi: Check = {
  name: 'Data API answers',
  remedy:
    'enable the Data API on the cluster; look at the ARNs of cluster and secret, and at the database name',
  async look({ database }) {
    const [row] = await database().query('select current_user::text, current_database()::text');
    return ok(`as ${row?.[0]} in ${row?.[1]}`);
  },
};

const clocks: Check = {
  name: 'the clocks agree',
  remedy: '',
  async look({ database }) {
    const { ahead, uncertainty, tooLarge } = await compareClocks(database(), Date.now);
    const direction = ahead < 0 ? 'behind' : 'ahead of';
    const found = `the database's is ${seconds(Math.abs(ahead))} ${direction} this machine's, give or take ${seconds(uncertainty)}`;
    if (!tooLarge) return ok(found);
    return failed(
      found,
      "synchronize the one that is wrong (NTP, Amazon Time Sync): functions compare their own clock with the database's, and a claim fails with ClocksDiffer or CallExpired",
    );
  },
};

const seconds = (milliseconds: number) => `${(milliseconds / 1_000).toFixed(3)} s`;

const migrations: Check = {
  name: 'migrations are current',
  remedy: 'deploy again: the migration runs before the schedule changes',
  async look({ database }) {
    const [access] = await database().query(`
      select to_regclass('outbox_migrations') is not null,
        coalesce(has_table_privilege(to_regclass('outbox_migrations'), 'select'), false)`);
    if (access?.[0] !== true) return failed('the database was never migrated', migrations.remedy);
    if (access[1] !== true)
      return skipped("this secret's user may not read outbox_migrations: give --secret-arn of the owner");
    const rows = await database().query('select name, checksum from outbox_migrations');
    const applied = new Map(rows.map(([name, checksum]) => [name, checksum]));
    const expected = await readMigrations();
    const missing = expected.filter(({ name }) => !applied.has(name));
    if (missing.length > 0)
      return failed(`not applied: ${missing.map(({ name }) => name).join(', ')}`, migrations.remedy);
    const edited = expected.filter(({ name, checksum }) => applied.get(name) !== checksum);
    if (edited.length > 0) {
      return failed(
        `other than here: ${edited.map(({ name }) => name).join(', ')}`,
        'use the CLI of the version that is deployed; an applied migration is never edited',
      );
    }
    const newer = rows.length - expected.length;
    return newer > 0 ? failed(`${newer} unknown here`, 'update this checkout') : ok(`${rows.length} applied`);
  },
};

const PRIVILEGES = `
  select what from (values ('select'), ('update'), ('delete')) as needed(what), pg_roles
  where rolname = :role
    and not coalesce(has_table_privilege(pg_roles.oid, to_regclass('outbox_events'), what), false)
  union all
  select 'execute claim_outbox_events' from pg_roles
  where rolname = :role and not exists (
    select from pg_proc where proname = 'claim_outbox_events'
      and has_function_privilege(pg_roles.oid, pg_proc.oid, 'execute'))
  union all
  select 'sign in' where not exists (select from pg_roles where rolname = :role and rolcanlogin)`;

const role: Check = {
  name: 'the processor may do what it must',
  remedy: 'deploy again',
  async look(context) {
    const name = processorName(context).replaceAll('-', '_');
    const missing = await context.database().query(PRIVILEGES, { role: name });
    if (missing.length === 0) return ok(`${name} may`);
    return failed(
      `${name} may not ${missing.flat().join(', ')}`,
      `as the owner: select outbox_grant_processor('${name}'); if the role is missing, deploy again`,
    );
  },
};

const bus: Check = {
  name: 'the bus exists',
  remedy: 'create it again: until then runs fail before they claim anything, and events wait',
  async look({ eventBridge, target }) {
    const Name = target.need('eventBusName');
    await eventBridge.send(new DescribeEventBusCommand({ Name }));
    return ok(Name);
  },
};

const processor: Check = {
  name: 'the processor exists',
  remedy: 'deploy again; look at --processor-arn',
  async look({ stepFunctions, target }) {
    const stateMachineArn = target.need('processorArn');
    const { status } = await stepFunctions.send(new DescribeStateMachineCommand({ stateMachineArn }));
    return status === 'ACTIVE' ? ok(stateMachineArn) : failed(`it is ${status}`, processor.remedy);
  },
};

const schedule: Check = {
  name: 'the schedules are enabled',
  remedy: 'deploy again: the schedules are part of the stack',
  async look(context) {
    if (context.target.localUrl !== undefined)
      return skipped('the twin ticks by itself (npm start -- --tick)');
    const NamePrefix = processorName(context);
    const GroupName = NamePrefix.replace(/-processor$/, '');
    const { Schedules = [] } = await context.scheduler.send(
      new ListSchedulesCommand({ GroupName, NamePrefix }),
    );
    // One for each lane.
    const names = Schedules.map(({ Name }) => Name).join(', ');
    if (Schedules.length === 0) return failed(`there is none in the group ${GroupName}`, schedule.remedy);
    const stopped = Schedules.filter(({ State }) => State !== 'ENABLED').map(({ Name }) => Name);
    if (stopped.length === 0) return ok(names);
    return failed(
      `${stopped.join(', ')} of ${names} disabled`,
      'aws scheduler update-schedule with State ENABLED: see docs/operations.md',
    );
  },
};

const parked: Check = {
  name: 'no event is parked',
  remedy: '',
  async look({ database }) {
    const { parked: events } = await readBacklog(database());
    if (events === 0) return ok('none');
    const count = events === COUNT_LIMIT ? `${events} or more` : events;
    return failed(`${count} wait for a person`, 'list --status failed, remove the cause, then redrive');
  },
};

const late: Check = {
  name: 'no event is late',
  remedy: '',
  async look({ database }) {
    const { lagSeconds } = await readBacklog(database());
    const found = `the oldest unfinished one is ${duration(lagSeconds)} old`;
    return lagSeconds < LATE_SECONDS
      ? ok(found)
      : failed(found, 'run, and read its error; docs/operations.md, Events late');
  },
};

/** In the order in which they explain each other. */
export const checks: readonly Check[] = [
  dataApi,
  clocks,
  migrations,
  role,
  bus,
  processor,
  schedule,
  parked,
  late,
];
