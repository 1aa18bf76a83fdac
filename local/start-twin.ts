import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type Application, type DeployOptions, deploy, type Twin } from '../twin/deploy.ts';
import type { CloudAssembly } from '../twin/template/cloud-assembly.ts';
import { makeAssemblyFolder } from './assembly-folder.ts';
import { consoleOf } from './console-handler.ts';
import { describeHealth } from './health.ts';
import { outboxEvents } from './outbox-events.ts';
import { synthesize } from './synthesize.ts';

export interface TwinOptions extends Omit<DeployOptions, 'application' | 'synthesize'> {
  /** A cloud assembly written by `cdk synth`; without it the stack is synthesized. */
  readonly assembly: string | undefined;
  /** Context for the synthesis, e.g. `{ 'outbox:lanes': '2' }`. */
  readonly context?: Readonly<Record<string, string>>;
}

const outbox: Application = {
  tickedArn: processorArn,
  health: describeHealth,
  events: outboxEvents,
  page(url) {
    const console = consoleOf(url);
    return async (request, response) => isPage(request) && console(request, response);
  },
};

/** The console is loaded for its page only, never for a call of an AWS client. */
function isPage({ method, url = '/' }: IncomingMessage): boolean {
  return url.startsWith('/api/') || method === 'GET' || method === 'HEAD';
}

/** Deploys the outbox on this machine. */
export async function startTwin({ assembly, context, ...options }: TwinOptions): Promise<Twin> {
  if (assembly !== undefined)
    return deploy({ ...options, application: outbox, synthesize: async () => assembly });
  const folder = await makeAssemblyFolder();
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const twin = await deploy({
      ...options,
      application: outbox,
      async synthesize() {
        options.report('synthesizing the stack');
        await synthesize(folder, context, options.stopping);
        return folder;
      },
    });
    const { stop } = twin;
    return Object.assign(twin, { stop: (how?: 'now') => stop(how).finally(remove) });
  } catch (error) {
    await remove();
    throw error;
  }
}

function processorArn({ stateMachines }: CloudAssembly): string {
  const processor = stateMachines.find(({ name }) => name.endsWith('-processor'));
  if (processor === undefined)
    throw new Error('the template has no state machine whose name ends with -processor');
  return processor.arn;
}
