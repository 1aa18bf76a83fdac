import { type Definition, exitFields, loadExit, noErrorHandling, readState } from './definition.ts';
import { unlessAborted } from './interruption.ts';
import { text, wholeNumber } from './kind.ts';
import type { State, Visit } from './state.ts';
import { StateError } from './state-error.ts';
import type { Template } from './template.ts';
import { parseTimestamp } from './timestamp.ts';

export function loadWait(definition: Definition): State {
  const fields = readState(definition, [...exitFields, 'Seconds', 'Timestamp']);
  const exit = loadExit(fields);
  const seconds = fields.template('Seconds', wholeNumber);
  const until = fields.template('Timestamp', text);
  if ((seconds === undefined) === (until === undefined))
    throw fields.refuse('needs either "Seconds" or "Timestamp"');
  if (until?.constant !== undefined && parseTimestamp(until.constant) === undefined)
    throw fields.refuse(
      `"Timestamp" must be a timestamp such as 2026-01-31T09:00:00Z, got "${until.constant}"`,
    );
  return {
    ...noErrorHandling,
    name: definition.name,
    type: 'Wait',
    exits: [exit],
    async work(visit) {
      const { clock, signal } = visit.branch;
      const end = until
        ? await timeOf(until, visit)
        : clock.now() + 1_000 * (seconds ? await visit.evaluate(seconds) : 0);
      if (end > clock.now()) await unlessAborted(signal, clock.sleep(end - clock.now(), signal));
      return { exit };
    },
  };
}

async function timeOf(until: Template<string>, { evaluate }: Visit): Promise<number> {
  const found = await evaluate(until);
  const time = parseTimestamp(found);
  if (time === undefined)
    throw new StateError(
      'States.Runtime',
      `The Timestamp parameter does not reference a valid ISO-8601 extended offset date-time format string: ${until.expression} == ${found}`,
    );
  return time;
}
