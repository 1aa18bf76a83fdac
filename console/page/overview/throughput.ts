import type { Sample } from '../../api.ts';

/** Events a second between each two samples. */
export function throughput(samples: readonly Sample[]): { at: string; perSecond: number }[] {
  return samples.slice(1).flatMap(({ at, processed }, index) => {
    const seconds = (Date.parse(at) - Date.parse(samples[index]?.at ?? at)) / 1_000;
    return seconds > 0 ? [{ at, perSecond: processed / seconds }] : [];
  });
}
