import { fileURLToPath } from 'node:url';
import type { ControlSurface } from '../twin/http/aws-protocols.ts';

const pageFolder = fileURLToPath(new URL('../dist/console/', import.meta.url));

/** The console of an account, pointed at this twin. Loaded when somebody asks for it: its SDK clients take time and memory. */
export function consoleOf(url: string): ControlSurface {
  let loaded: Promise<ControlSurface> | undefined;
  return async (request, response) => {
    loaded ??= load(url).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return (await loaded)(request, response);
  };
}

async function load(local: string): Promise<ControlSurface> {
  const [{ connectTo }, { bundleConsoleIfStale }] = await Promise.all([
    import('../console/server/connect-to.ts'),
    import('../build/bundle-console.ts'),
  ]);
  await bundleConsoleIfStale();
  return connectTo({ local }, { readOnly: false, pageFolder });
}
