import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleHandlers } from '../build/bundle-handlers.ts';

const project = fileURLToPath(new URL('..', import.meta.url));

/** The stack of cdk.json does not synthesize with the context that was given. */
export class InvalidContext extends Error {
  override readonly name = 'InvalidContext';
}

/**
 * Builds the handlers and synthesizes the stack with the command of cdk.json in a separate process, because the CDK
 * library takes 200 MB that the twin does not need afterwards. `given` overrides the context of cdk.json.
 */
export async function synthesize(
  folder: string,
  given: Readonly<Record<string, string>> = {},
  stopping?: AbortSignal,
): Promise<void> {
  await bundleHandlers();
  const { app, context } = JSON.parse(await readFile(join(project, 'cdk.json'), 'utf8')) as {
    app: string;
    context: object;
  };
  const [program = '', ...parameters] = app.split(' ');
  await promisify(execFile)(program === 'node' ? process.execPath : program, parameters, {
    cwd: project,
    ...(stopping && { signal: stopping }),
    env: {
      ...process.env,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...given }),
      // `npm run synth` validates; here validation would only delay the start.
      CDK_VALIDATION: 'false',
    },
  }).catch((error: { stderr?: string; message: string }) => {
    stopping?.throwIfAborted();
    const reason = (error.stderr || error.message).trim();
    if (Object.keys(given).length > 0) throw new InvalidContext(reason);
    throw new Error(`the stack does not synthesize: ${reason}`);
  });
}
