import type { Command } from 'commander';
import { type Context, examples, withContext } from '../action.ts';
import { checks } from '../checks.ts';
import { exitCodes, explain, Failed, missingPermission, Unreachable } from '../exit-codes.ts';
import { type Check, type Finding, failed, skipped } from '../finding.ts';
import { remedyOf } from '../remedy.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('checks what the outbox needs; every failure with its remedy')
    .addHelpText(
      'after',
      examples('doctor', 'doctor --local', 'doctor --json | jq \'.checks[] | select(.result == "failed")\''),
    )
    .action(withContext(doctor));
}

async function doctor(context: Context): Promise<void> {
  const { output } = context;
  const found: (Finding & { readonly name: string })[] = [];
  for (const check of checks) {
    const finding = await look(check, context);
    const same = found.find((earlier) => isSame(earlier, finding));
    const reason = same && skipped(`not checked, for the same reason as "${same.name}"`);
    found.push({ name: check.name, ...(reason ?? finding) });
  }
  const paint = { ok: output.colors.green, failed: output.colors.red, skipped: output.colors.dim };
  const width = Math.max(...found.map(({ name }) => name.length));
  output.answer({ checks: found }, () =>
    found
      .map((finding) => {
        const line = `${paint[finding.result](finding.result.padEnd(7))}  ${finding.name.padEnd(width)}  ${finding.found}`;
        return finding.result === 'failed' ? `${line}\n         -> ${finding.remedy}` : line;
      })
      .join('\n'),
  );
  if (found.every(({ result }) => result === 'skipped')) throw new Unreachable('nothing could be checked');
  const failures = found.filter(({ result }) => result === 'failed');
  if (failures.length > 0) throw new Failed(`${failures.length} of ${found.length} checks failed`);
  // All that is known of the events is in the database: when it was not checked, exit code 0 would be wrong.
  const [database] = found;
  if (database?.result === 'skipped')
    throw new Unreachable(
      `the database could not be checked: ${database.found.replace(/^not checked: /, '')}`,
    );
}

/** One cause is reported once: otherwise a database that is away would be ten findings. */
function isSame(one: Finding, other: Finding): boolean {
  return one.result === 'failed' && other.result === 'failed' && one.found === other.found;
}

/** A check that throws is a finding too and does not stop the other checks. */
export async function look(check: Check, context: Context): Promise<Finding> {
  try {
    return await check.look(context);
  } catch (error) {
    const permission = missingPermission(error);
    // A missing permission concerns the operator, not the outbox.
    if (permission !== undefined) return skipped(`not checked: ${permission}`);
    const { sentence, exitCode } = explain(error, context.target.place);
    // Without its name the outbox cannot be checked, and that is no finding about the outbox.
    if (exitCode === exitCodes.usage) return skipped(sentence);
    const local = context.target.localUrl !== undefined;
    return failed(sentence, remedyOf(error, { local, ifAbsent: check.remedy }));
  }
}
