// Runs `npm start` and ends with its parent process, however that ended: its stdin is closed then.
process.stdin
  .resume()
  .on('close', () => process.kill(process.pid, 'SIGTERM'))
  .on('error', () => undefined);
if ('unref' in process.stdin) process.stdin.unref();

await import('../local/start.ts');
