import chalk from 'chalk';
import { printable } from '../cli/printable.ts';
import { counted } from './report.ts';
import type { Outcome, Result } from './runner.ts';
import type { Scenario } from './scenario.ts';

const paint: Readonly<Record<Outcome, (text: string) => string>> = {
  same: chalk.green,
  differs: chalk.red,
  skipped: chalk.dim,
};

/** Prints a line for each scenario with its differences; in a terminal also the running scenario. */
export function createProgress(chosen: readonly Scenario[]) {
  const { stdout, stderr } = process;
  const width = Math.max(...chosen.map(({ id }) => id.length));
  const running = (text: string) => void (stderr.isTTY && stderr.write(`\r\u001b[2K${text}`));
  let begun = 0;
  return {
    onBegin({ sentence }: Scenario) {
      begun += 1;
      running(chalk.dim(`${begun} of ${chosen.length}  ${sentence}`).slice(0, stderr.columns || undefined));
    },
    onEnd({ id, sentence, outcome, differences, reason, seconds }: Result) {
      running('');
      const said = reason ?? sentence;
      const time = outcome === 'skipped' ? '' : chalk.dim(`  ${seconds.toFixed(1)} s`);
      stdout.write(`${paint[outcome](outcome.padEnd(7))}  ${id.padEnd(width)}  ${printable(said)}${time}\n`);
      for (const { key, expected, observed } of differences)
        stdout.write(printable(`         ${key}: expected ${expected}, observed ${observed}`).concat('\n'));
    },
    summary(results: readonly Result[]) {
      const outcomes = (['same', 'differs', 'skipped'] as const).map((of) => `${counted(results, of)} ${of}`);
      stdout.write(`\n${outcomes.join(', ')}\n`);
    },
  };
}
