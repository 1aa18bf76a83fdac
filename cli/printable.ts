// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const control = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text of an event for a terminal, which must not take orders from it. */
export function printable(text: string): string {
  return text.replace(control, '\u{fffd}');
}
