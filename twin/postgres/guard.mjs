// Runs one command of PostgreSQL and ends it when the owner goes away: however the owner dies, its end of the
// stdin pipe closes. Started in a session of its own, so that a kill of the owner's process group spares it.
// Plain JavaScript, because it starts with the database and should not wait for a TypeScript loader.
import { spawn } from 'node:child_process';

const { command, args, uid, gid } = JSON.parse(process.argv[2] ?? '');
const child = spawn(command, args, { uid, gid, stdio: ['ignore', 'inherit', 'inherit'], windowsHide: true });

child.once('error', (error) => {
  console.error(`cannot run ${command}: ${error.message}`);
  process.exit(127);
});
child.once('exit', (code) => process.exit(code ?? 1));

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  // PostgreSQL's fast shutdown, then its immediate one. Windows knows no signals: there the first ends it at
  // once, and the next start recovers as after a crash.
  child.kill('SIGINT');
  setTimeout(() => child.kill('SIGQUIT'), 10_000);
  setTimeout(() => child.kill('SIGKILL'), 15_000);
}

process.stdin.resume().once('end', stop).once('error', stop);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
