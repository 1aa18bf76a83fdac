/** AWS's JSON protocols write a time as seconds since 1970. */
export function epochSeconds(date: Date): number {
  return date.getTime() / 1000;
}
