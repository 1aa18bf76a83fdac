// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** The text of an event on one line, without control characters that a terminal would execute. */
export function printable(text: string): string {
  return text.replace(control, '\u{fffd}');
}
