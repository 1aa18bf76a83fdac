// `npm start`, which also ends when the process that started it is gone, however that ended: its stdin is then closed.
process.stdin
  .resume()
  .on('close', () => process.kill(process.pid, 'SIGTERM'))
  .on('error', () => undefined);
if ('unref' in process.stdin) process.stdin.unref();

await import('../local/main.ts');
