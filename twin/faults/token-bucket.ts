/** AWS throttles by a token bucket: a second's worth of calls may come at once. `now` in milliseconds. */
export function tokenBucket(perSecond: number, now: () => number): () => boolean {
  let left = perSecond;
  let filledAt = now();
  return () => {
    const at = now();
    left = Math.min(perSecond, left + ((at - filledAt) * perSecond) / 1_000);
    filledAt = at;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
