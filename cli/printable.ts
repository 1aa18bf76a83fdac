// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Text of an event on one line, for a terminal, which must not take orders from it. */
export function printable(text: string): string {
  return text.replace(control, '\u{fffd}');
}
