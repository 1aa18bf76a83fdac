import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Context } from '../context.ts';
import { eventType } from '../own-rows.ts';
import type { Scenario } from '../scenario.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** Runs `outbox ... --json` against the same outbox. */
async function outbox({ target, stack, signal }: Context, ...words: string[]) {
  const where = stack === undefined ? [`--local=${target.localUrl}`] : ['--stack', stack];
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/outbox.ts', ...words, ...where, '--json'], {
    cwd: project,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode: Number(exitCode), stdout, stderr };
}

export const cli: readonly Scenario[] = [
  {
    id: 'cli-reads',
    sentence: 'outbox status, list and show find the outbox by its stack, and an event in it.',
    needs: [],
    expected: { status: 0, list: 0, listed: true, show: 0, shown: true },
    async observe(context) {
      const id = await context.rows.insert();
      const [status, list, show] = await Promise.all([
        outbox(context, 'status'),
        outbox(context, 'list', '--type', eventType),
        outbox(context, 'show', id),
      ]);
      await context.rows.remove(id);
      for (const { stderr } of [status, list, show]) if (stderr !== '') context.note(stderr.trim());
      return {
        status: status.exitCode,
        list: list.exitCode,
        listed: list.stdout.includes(id),
        show: show.exitCode,
        shown: show.stdout.includes(id),
      };
    },
  },
  {
    id: 'cli-redrive',
    sentence:
      'outbox redrive counts first; what matches nothing changes nothing, and an empty filter is refused.',
    needs: [],
    expected: { dryRun: 0, matching: '{"dryRun":true,"matching":0}', noFilter: 2 },
    async observe(context) {
      const id = await context.rows.insert();
      const [dryRun, noFilter] = await Promise.all([
        outbox(context, 'redrive', '--event', id, '--dry-run'),
        outbox(context, 'redrive'),
      ]);
      await context.rows.remove(id);
      return {
        dryRun: dryRun.exitCode,
        matching: dryRun.stdout.replaceAll(/\s/g, ''),
        noFilter: noFilter.exitCode,
      };
    },
  },
];
