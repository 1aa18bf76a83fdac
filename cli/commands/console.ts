import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { connect } from '../../console/server/connection.ts';
import { createConsole } from '../../console/server/create-console.ts';
import { createMachines } from '../../console/server/machines.ts';
import { serve } from '../../console/server/serve.ts';
import { type Context, examples, withContext } from '../action.ts';
import { wholeNumber } from '../arguments.ts';
import { Failed } from '../exit-codes.ts';

interface ConsoleCommandOptions {
  readonly port: number;
  readonly readOnly?: true;
}

export function addConsole(program: Command): void {
  program
    .command('console')
    .description('serves a page that shows the outbox and redrives, until Ctrl-C')
    .option('--port <number>', 'on 127.0.0.1, 0 for a free one', wholeNumber(0, 65_535), 4567)
    .option('--read-only', 'refuse every change')
    .addHelpText(
      'after',
      '\nIt uses your AWS credentials, and only whoever has the printed address can use it: it holds a secret.',
    )
    .addHelpText('after', examples('console', 'console --read-only --stack outbox', 'console --local'))
    .action(withContext(openConsole));
}

async function openConsole(
  { target, output }: Context,
  { port, readOnly }: ConsoleCommandOptions,
): Promise<void> {
  const connection = connect(target);
  // What is wrong with the stack, the region or the credentials is said here, before a page is opened.
  await createMachines(connection)();
  const token = randomBytes(32).toString('base64url');
  const pageFolder = findPage(dirname(fileURLToPath(import.meta.url)));
  if (!existsSync(join(pageFolder, 'index.html')))
    throw new Failed(`the page is not built, there is no ${pageFolder}: npm run build makes it`);
  const handler = createConsole(connection, { readOnly: readOnly === true, pageFolder, token });
  const { url } = await serve(handler, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Failed(`port ${port} is in use: choose another --port, or 0 for a free one`);
  });
  // The part behind the # is not sent to a server and does not get into any log.
  const address = `${url}/#token=${token}`;
  output.line({ url: address, readOnly: readOnly === true }, () => `open ${output.colors.bold(address)}`);
  output.note(`it shows ${target.place}${readOnly ? ' and changes nothing' : ''}; Ctrl-C ends it`);
  await new Promise<never>(() => undefined);
}

/** Above the sources as above a bundle. */
function findPage(from: string): string {
  const folder = join(from, 'dist/console');
  if (existsSync(folder) || dirname(from) === from) return folder;
  return findPage(dirname(from));
}
