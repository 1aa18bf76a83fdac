import { stopOrphan } from './orphan.ts';
import { type Server, type ServerOptions, startServer } from './server.ts';

/** A server that is started again whenever it ends on its own. */
export interface SupervisedServer {
  readonly url: string;
  /** Whether it has ended and does not serve again yet. */
  isDown(): boolean;
  /** Fulfilled only when the server has ended and could not be started again. */
  readonly lost: Promise<Error>;
  stop(): Promise<void>;
}

/** Starts the server. After a crash it has the same data, port and URL. */
export async function superviseServer(options: ServerOptions): Promise<SupervisedServer> {
  const { dataDir, report } = options;
  const stopping = new AbortController();
  let server = await startServer(options);
  let down = false;

  async function keepRunning(): Promise<void> {
    const port = Number(new URL(server.url).port);
    while (!stopping.signal.aborted) {
      const reason = await endOf(server);
      if (stopping.signal.aborted) return;
      down = true;
      report(
        `PostgreSQL has ended on its own (${reason}) and is started again; its log is in ${dataDir.path}`,
      );
      server = await startServer({ ...options, port, waitForPort: true, stopping: stopping.signal });
      down = false;
      report('PostgreSQL serves again; what was committed is there');
    }
    await server.process.stop(); // it had just been started again
  }

  const running = keepRunning();
  const lost = new Promise<Error>((resolve) => {
    running.catch((error: Error) => stopping.signal.aborted || resolve(error));
  });
  return {
    url: server.url,
    isDown: () => down,
    lost,
    async stop() {
      stopping.abort();
      await server.process.stop();
      await running.catch(() => undefined); // its failure is told by `lost`, or is the abort itself
      await stopOrphan(dataDir, report); // there is one only if the guard was killed
    },
  };
}

async function endOf({ process }: Server): Promise<string> {
  return process.exited.then(
    (code) => `exit code ${code}`,
    (error: Error) => `its guard failed: ${error.message}`,
  );
}
