import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Command } from 'commander';
import { type Context, examples, withContext } from '../action.ts';
import { Failed } from '../exit-codes.ts';

export function addSyncRoles(program: Command): void {
  program
    .command('sync-roles')
    .description('gives the database roles the passwords and permissions of their secrets again')
    .addHelpText('after', '\nAfter a secret has got a new password; it runs what every deployment runs.')
    .addHelpText('after', examples('sync-roles', 'sync-roles --stack outbox'))
    .action(withContext(syncRoles));
}

async function syncRoles({ lambda, output, target }: Context): Promise<void> {
  // All physical names of a deployment have the same prefix.
  const FunctionName = (target.need('processorArn').split(':').at(-1) ?? '').replace(/processor$/, 'migrate');
  const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName }));
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString('utf8') || 'null') as {
    readonly errorMessage?: string;
    readonly applied?: readonly string[];
    readonly roles?: readonly string[];
  };
  if (FunctionError !== undefined)
    throw new Failed(`${FunctionName} failed: ${answer.errorMessage ?? FunctionError}`);
  output.answer(answer, () => `${answer.roles?.join(' and ')} have the passwords of their secrets`);
}
