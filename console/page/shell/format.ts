const whole = new Intl.NumberFormat('en');

export const number = (value: number): string => whole.format(value);

export const plural = (count: number, noun: string): string =>
  `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Numbers that are counted only up to a limit. */
export const upTo = (limit: number, count: number): string => number(count) + (count >= limit ? '+' : '');

/** 350 ms, 4.2 s, 3 min 05 s, 2 h 10 min, 3 d */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${two((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const between = (from: string, to: string | null): number =>
  (to === null ? Date.now() : Date.parse(to)) - Date.parse(from);

/** The time in UTC, with its day unless that is today. */
export function time(value: string, now = new Date()): string {
  const [day = '', clock = ''] = new Date(value).toISOString().split('T');
  const [today] = now.toISOString().split('T');
  return day === today ? `${clock.slice(0, 8)}Z` : `${day} ${clock.slice(0, 8)}Z`;
}

export function bytes(count: number): string {
  return count < 1_024 ? `${count} B` : `${(count / 1_024).toFixed(1)} KB`;
}

/** A JSON text laid out for reading, unless that would change how a number is written; any other text as it is. */
export function prettyJson(text: string): string {
  if (text.length > 300_000) return text;
  try {
    const numbers = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? [];
    const value: unknown = JSON.parse(text);
    return numbers.every((digits) => String(Number(digits)) === digits)
      ? JSON.stringify(value, null, 2)
      : text;
  } catch {
    return text;
  }
}
