const whole = new Intl.NumberFormat('en');

export const number = (value) => whole.format(value ?? 0);

export const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** 350 ms, 4.2 s, 3 min 05 s, 2 h 10 min, 3 d */
export function duration(ms) {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const two = (value) => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${two((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** The time in UTC, with its day unless that is today. */
export function time(value) {
  if (!value) return '';
  const [day, clock] = new Date(value).toISOString().split('T');
  const [today] = new Date().toISOString().split('T');
  const second = `${clock.slice(0, 8)}Z`;
  return day === today ? second : `${day} ${second}`;
}

export function bytes(count) {
  return count < 1_024 ? `${count} B` : `${(count / 1_024).toFixed(1)} KB`;
}

/** A JSON text laid out for reading, unless that would change how a number is written; any other text as it is. */
export function prettyJson(text) {
  if (text === undefined || text === null || text.length > 300_000) return text ?? '';
  try {
    const value = JSON.parse(text);
    const numbers = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? [];
    return numbers.every((digits) => String(Number(digits)) === digits)
      ? JSON.stringify(value, null, 2)
      : text;
  } catch {
    return text;
  }
}

const runStatuses = {
  RUNNING: ['running', 'Running'],
  SUCCEEDED: ['ok', 'Succeeded'],
  FAILED: ['bad', 'Failed'],
  TIMED_OUT: ['bad', 'Timed out'],
  ABORTED: ['bad', 'Aborted'],
};
const eventStatuses = {
  pending: ['idle', 'Pending'],
  processing: ['running', 'Processing'],
  processed: ['ok', 'Processed'],
  failed: ['bad', 'Failed'],
};

/** [tone, text] */
export const runStatus = ({ status, result }) =>
  result?.outage ? ['warn', 'Met an outage'] : (runStatuses[status] ?? ['idle', status]);
export const eventStatus = (status) => eventStatuses[status] ?? ['idle', status];

/** What a run came to, in a sentence. */
export function runResult({ status, machine, result, error, cause, dryRun }) {
  if (status === 'RUNNING') return '';
  if (status !== 'SUCCEEDED') return [error, cause].filter(Boolean).join(': ');
  if (result?.claimed !== undefined) {
    const { claimed, published, failed, failedForGood, outage } = result;
    if (claimed === 0 && failedForGood === 0) return 'nothing was due';
    const sentence = `published ${number(published)} of ${number(claimed)}`;
    return [
      sentence,
      failed && `${number(failed)} failed`,
      failedForGood && `${number(failedForGood)} for good`,
      outage && 'the bus accepted nothing more: they are given back',
    ]
      .filter(Boolean)
      .join(', ');
  }
  if (dryRun) return `dry run: ${plural(result?.events, 'event')} would be redriven`;
  if (result?.purged !== undefined) return `purged ${plural(result.purged, 'event')}`;
  if (result?.processed !== undefined) return `redrove ${plural(result.processed, 'event')}, all processed`;
  if (result?.events === 0) return 'nothing matched';
  return machine;
}
