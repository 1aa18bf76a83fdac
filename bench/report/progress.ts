import { logUpdateStderr as logUpdate } from 'log-update';

export interface Progress {
  /** A section begins. */
  section(name: string, index: number, count: number): void;
  step(step: string): void;
  /** Clears the line before a table is printed. */
  clear(): void;
}

/** One line that is rewritten on a terminal; elsewhere one line per step. */
export function startProgress(): Progress {
  const began = performance.now();
  const live = process.stderr.isTTY;
  let where = '';
  let doing = '';
  const line = () => `${elapsed(performance.now() - began)}  ${where}  ${doing}`;
  const draw = () => (live ? logUpdate(line()) : process.stderr.write(`${line()}\n`));
  let timer: NodeJS.Timeout | undefined;
  return {
    section(name, index, count) {
      where = `section ${index} of ${count}: ${name}`;
      doing = 'starting';
      draw();
      if (live) timer ??= setInterval(draw, 1000).unref();
    },
    step(step) {
      if (step === doing) return;
      doing = step;
      draw();
    },
    clear() {
      clearInterval(timer);
      timer = undefined;
      if (live) logUpdate.clear();
    },
  };
}

function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
