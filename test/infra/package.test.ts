import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import { publint } from 'publint';
import { orderedEvents } from '../support/inbox.ts';
import { useOutboxDatabase } from '../support/outbox-database.ts';
import { Consumer, importedPackages, npx, packed, project } from './consumer.ts';
import { programs, typed, underNag } from './consumer-programs.ts';
import { ourFunctions } from './contract/wiring.ts';
import { resourcesOf } from './synthesized.ts';

let tarball = '';
let removePackage = async () => {};
const consumers = new Map<string, Consumer>();
const database = useOutboxDatabase({ empty: true });

function consumerOf(type: string): Consumer {
  const consumer = consumers.get(type);
  if (consumer === undefined) throw new Error(`no consumer ${type}`);
  return consumer;
}

beforeAll(async () => {
  const { remove, ...packedPackage } = await packed();
  tarball = packedPackage.tarball;
  removePackage = remove;
  const install = async (name: string, ...given: Parameters<typeof Consumer.install>) => {
    consumers.set(name, await Consumer.install(...given));
  };
  await Promise.all([
    install('module', tarball, 'module'),
    install('commonjs', tarball, 'commonjs'),
    install('oldest', tarball, 'module', 'oldest'),
  ]);
}, 300_000);

afterAll(async () => {
  for (const consumer of consumers.values()) await consumer.remove();
  await removePackage();
});

const templates = new Map<string, object>();

describe.each(['module', 'commonjs'] as const)('a consumer of type %s', (type) => {
  test('an app of another package synthesizes the construct with its own cluster and bus', async () => {
    const consumer = consumerOf(type);
    await consumer.write('app.js', programs[type]);

    const { template: json, assets } = await consumer.synthesize('app.js');

    templates.set(type, json);
    const template = Template.fromJSON(json);
    const functions = ourFunctions(template);
    expect(Object.keys(functions)).toHaveLength(11);
    for (const { Code } of Object.values(functions)) {
      const { S3Key } = Code as { readonly S3Key: string };
      expect(assets.get(S3Key.replace('.zip', ''))).toEqual(['index.mjs']);
    }
    expect(Object.keys(resourcesOf(template, 'AWS::StepFunctions::StateMachine'))).toHaveLength(4);
    template.resourceCountIs('AWS::RDS::DBCluster', 1);
    template.resourceCountIs('AWS::Events::EventBus', 1);
  }, 60_000);
});

describe.each([
  ['newest', 'module', '3'],
  ['oldest', 'oldest', '2'],
] as const)('an app with the %s supported CDK', (cdk, consumerName, nag) => {
  let printed = '';
  let template = Template.fromJSON({});

  beforeAll(async () => {
    const consumer = consumerOf(consumerName);
    await consumer.write('nag.js', underNag[cdk]);
    const { template: json, stdout } = await consumer.synthesize('nag.js');
    template = Template.fromJSON(json);
    printed = stdout;
  }, 60_000);

  test('an app with a supported CDK synthesizes a whole outbox', () => {
    expect(Object.keys(ourFunctions(template))).toHaveLength(11);
    expect(Object.keys(resourcesOf(template, 'AWS::StepFunctions::StateMachine'))).toHaveLength(4);
    template.resourceCountIs('AWS::RDS::DBCluster', 1);
  });

  test(`with cdk-nag ${nag}, the app acknowledges the findings as documented, and no finding is left`, () => {
    // cdk-nag did run: it reports the outbox whose findings are not acknowledged.
    expect(printed).toMatch(/^raw\/Outbox\/.* AwsSolutions-IAM5\[Resource::\*\]/m);
    expect(printed).not.toMatch(/^app\//m);
  });
});

test('definitions with CRLF line endings make the same template', async () => {
  const consumer = consumerOf('commonjs');
  const folder = join(consumer.package, 'statemachine');
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8');
    await writeFile(join(folder, file), text.replaceAll('\n', '\r\n'));
  }

  const { template } = await consumer.synthesize('app.js');

  expect(template).toEqual(templates.get('module'));
}, 60_000);

// Only node16 refuses the types of an ES module in CommonJS.
test.each([
  ['module', 'nodenext'],
  ['commonjs', 'nodenext'],
  ['commonjs', 'node16'],
])(
  'a consumer of type %s finds the types of the package under %s',
  async (type, module) => {
    const consumer = consumerOf(type);
    await consumer.write('typed.ts', typed);

    expect(await consumer.typeErrors('typed.ts', module)).toBe('');
  },
  60_000,
);

test('the example of the documents compiles in a producer that has the package', async () => {
  const consumer = consumerOf('module');
  const example = await readFile(join(project, 'docs', 'examples', 'nudge.ts'), 'utf8');
  await consumer.write('nudge.ts', example);

  expect(await consumer.typeErrors('nudge.ts', 'nodenext')).toBe('');
}, 60_000);

describe('the examples of docs/consumers.md, in a project that has the package', () => {
  const example = (file: string) => readFile(join(project, 'docs', 'examples', file), 'utf8');

  beforeAll(async () => {
    const consumer = consumerOf('module');
    for (const name of ['pg', '@types']) await consumer.link(name);
    await consumer.write('consumer-handler.ts', await example('consumer-handler.ts'));
  });

  test.each(['consumer-handler.ts', 'consumer-stack.ts'])(
    '%s compiles',
    async (file) => {
      const consumer = consumerOf('module');
      await consumer.write(file, await example(file));

      expect(await consumer.typeErrors(file, 'nodenext', ['node'])).toBe('');
    },
    60_000,
  );

  test('consumer-stack.ts synthesizes', async () => {
    const consumer = consumerOf('module');
    await mkdir(join(consumer.folder, 'consumer'), { recursive: true });
    await consumer.write('consumer-stack.js', await example('consumer-stack.ts'));

    const { template } = await consumer.synthesize('consumer-stack.js');

    Template.fromJSON(template).resourceCountIs('AWS::SQS::Queue', 2);
  }, 60_000);

  test('consumer-handler.ts works on a database with the migration of the package: once, and in order', async () => {
    const consumer = consumerOf('module');
    await database.sql(await readFile(join(consumer.package, 'dist/package/inbox/migration.sql'), 'utf8'));
    await database.sql('create table dishes (id text primary key, stars int not null)');
    await database.sql("insert into dishes values ('7', 0)");
    const [first, second] = orderedEvents('dish-7', [4, 9]).map(({ detail, ...envelope }) =>
      JSON.stringify({ ...envelope, detail: { ...detail, stars: 4 } }),
    );
    const Records = [first, first, 'no event'].map((body, index) => ({ messageId: `m${index}`, body }));
    const program = `
      import { handler } from './consumer-handler.ts';
      const early = await handler({ Records: [{ messageId: 'early', body: ${JSON.stringify(second)} }] });
      const rest = await handler(${JSON.stringify({ Records })});
      process.stdout.write(JSON.stringify([early, rest].map((answer) => answer.batchItemFailures)));
      process.exit();`;
    await consumer.write('run.ts', program);

    const stdout = await consumer.runTypeScript('run.ts', { DATABASE_URL: database.postgresUrl });

    expect(stdout).toMatch(/^early event 9 of ordering key "dish-7"/);
    expect(stdout.split('\n').at(-1)).toBe('[[{"itemIdentifier":"early"}],[{"itemIdentifier":"m2"}]]');
    expect(await database.sql('select stars from dishes')).toEqual([{ stars: 4 }]);
  }, 60_000);
});

describe('the package', () => {
  const manifest = async () =>
    JSON.parse(await readFile(join(consumerOf('module').package, 'package.json'), 'utf8')) as Readonly<
      Record<string, unknown>
    >;

  test('the package has the CDK and constructs as peer dependencies, and no dependencies', async () => {
    const { peerDependencies, dependencies } = await manifest();

    expect(Object.keys(peerDependencies as object)).toEqual(['aws-cdk-lib', 'constructs']);
    expect(dependencies).toBeUndefined();
  });

  test('the package allows every CDK from the oldest that the tests use', async () => {
    const installed = async (folder: string) => {
      const text = await readFile(join(project, 'node_modules', folder, 'package.json'), 'utf8');
      return (JSON.parse(text) as { readonly version: string }).version;
    };

    expect((await manifest())['peerDependencies']).toEqual({
      'aws-cdk-lib': `^${await installed('aws-cdk-lib-oldest')}`,
      constructs: `^${await installed('constructs-oldest')}`,
    });
  });

  test('the package resolves for every kind of importer, according to publint and attw', async () => {
    const packedBytes = async () => new Uint8Array(await readFile(tarball));

    const { messages } = await publint({ pack: { tarball: (await packedBytes()).buffer } });
    const analysis = await checkPackage(createPackageFromTarballData(await packedBytes()), {
      excludeEntrypoints: ['./inbox/migration.sql'], // a file, no module
    });

    expect(messages).toEqual([]);
    expect(analysis).toMatchObject({ packageName: 'outbox-processor', problems: [] });
  }, 60_000);

  test('npx runs the command of the package in an empty folder, without a network and without the CDK', async () => {
    const { stdout, installed } = await npx(tarball, 'outbox', '--help');

    expect(stdout).toMatch(/^Usage: outbox /);
    expect(installed).toEqual(['outbox-processor']);
  }, 60_000);

  // Only the local twin needs them; npm has no optional development dependencies.
  test('the package installs no PostgreSQL in the projects of its users', async () => {
    expect((await manifest())['optionalDependencies']).toBeUndefined();
  });

  test('the package contains all files that its code, types and alarms refer to, and no sources or tests', async () => {
    const files = await consumerOf('module').files();

    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'docs/operations.md',
        'dist/package/index.mjs',
        'dist/package/index.cjs',
        'dist/package/inbox.mjs',
        'dist/package/inbox.cjs',
        'dist/package/inbox/migration.sql',
        'dist/package/types/esm/inbox/index.d.ts',
        'dist/package/types/cjs/inbox/index.d.ts',
        'dist/package/nudge.mjs',
        'dist/package/nudge.cjs',
        'dist/package/types/esm/infra/index.d.ts',
        'dist/package/types/cjs/infra/index.d.ts',
        'dist/lambdas/migrate/index.mjs',
        'statemachine/outbox-processor.asl.json',
      ]),
    );
    const ofOthers = files.filter((file) => /(?<!\.d)\.ts$|\btest\b/.test(file) && !file.startsWith('docs'));
    expect(ofOthers).toEqual([]);
  });

  test('the package contains no other files and no pictures but the icon of its page, and its download is less than 2.6 MB', async () => {
    const files = await consumerOf('module').files();
    const places = files.map((file) => file.split(sep).slice(0, file.startsWith('dist') ? 2 : 1));

    expect([...new Set(places.map((place) => place.join('/')))].sort()).toEqual([
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'database', 'dist/THIRD-PARTY-NOTICES', 'dist/cli'],
      ...['dist/console', 'dist/lambdas', 'dist/package', 'docs', 'package.json', 'statemachine'],
    ]);
    expect(files.filter((file) => /\.(png|svg|map)$/.test(file))).toEqual([
      expect.stringMatching(/^dist.console.icon-\w+\.svg$/),
    ]);
    expect((await stat(tarball)).size).toBeLessThan(2_600_000);
  });

  test('the package contains the licence of every package that the handlers and the CLI import', async () => {
    const notices = await readFile(join(consumerOf('module').package, 'dist', 'THIRD-PARTY-NOTICES'), 'utf8');
    const sections = notices.split(/^-{80}$/m).slice(1);

    expect(notices.match(/^\S+@[\d.]+ \(/gm)).toEqual(expect.arrayContaining(await importedPackages()));
    for (const section of sections)
      expect(section).toMatch(
        /^\s+\S+@.*(Permission is hereby granted|Permission to use|Redistribution and use|Apache License)/s,
      );
  });

  test('the package contains no path of the machine that built it', async () => {
    const consumer = consumerOf('module');
    const files = await consumer.files();
    const telling: string[] = [];
    for (const file of files) {
      const text = await readFile(join(consumer.package, file), 'utf8');
      if (text.includes(project.replace(/[/\\]$/, ''))) telling.push(file);
    }

    expect(files.length).toBeGreaterThan(30);
    expect(telling).toEqual([]);
  });
});
