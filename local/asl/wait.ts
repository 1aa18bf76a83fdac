import { type Definition, exitFields, loadExit, noErrorHandling, readState } from './definition.ts';
import { unlessAborted } from './interruption.ts';
import { timestamp, wholeNumber } from './kind.ts';
import type { State } from './state.ts';

export function loadWait(definition: Definition): State {
  const fields = readState(definition, [...exitFields, 'Seconds', 'Timestamp']);
  const exit = loadExit(fields);
  const seconds = fields.template('Seconds', wholeNumber);
  const until = fields.template('Timestamp', timestamp);
  if ((seconds === undefined) === (until === undefined))
    throw fields.refuse('needs either "Seconds" or "Timestamp"');
  return {
    ...noErrorHandling,
    name: definition.name,
    type: 'Wait',
    exits: [exit],
    async work({ evaluate, branch: { clock, signal } }) {
      const end = until
        ? Date.parse(await evaluate(until))
        : clock.now() + 1_000 * (seconds ? await evaluate(seconds) : 0);
      if (end > clock.now()) await unlessAborted(signal, clock.sleep(end - clock.now(), signal));
      return { exit };
    },
  };
}
