import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

// Set before the import: nudge.ts reads its intervals from here.
const pauses: { ms: number; end: () => void }[] = [];
const START_TIMEOUT_MS = 5_000;
jest.unstable_mockModule('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise<void>((end) => pauses.push({ ms, end })),
}));
const { createNudge } = await import('../../outbox/nudge.ts');

const startRun = jest.fn<() => Promise<unknown>>();
const onError = jest.fn<(error: unknown) => void>();

beforeEach(() => {
  startRun.mockResolvedValue({});
});
afterEach(() => {
  pauses.length = 0;
  jest.resetAllMocks();
});

const endPause = () => pauses.findLast(({ ms }) => ms !== START_TIMEOUT_MS)?.end();
const giveUp = () => pauses.findLast(({ ms }) => ms === START_TIMEOUT_MS)?.end();

test('the first nudge starts a run at once', async () => {
  await createNudge(startRun, { onError })();

  expect(startRun).toHaveBeenCalledTimes(1);
});

test('nudges within the interval share one run, which begins after the interval', async () => {
  const nudge = createNudge(startRun, { onError, intervalMs: 250 });
  await nudge();

  const shared = [nudge(), nudge(), nudge()];
  await Promise.resolve();
  expect(startRun).toHaveBeenCalledTimes(1);
  endPause();
  await Promise.all(shared);

  expect(startRun).toHaveBeenCalledTimes(2);
  expect(pauses.map(({ ms }) => ms).filter((ms) => ms !== START_TIMEOUT_MS)).toEqual([250, 250]);
});

test('a nudge during a start causes another start, which includes its events', async () => {
  let answer: (value: unknown) => void = () => undefined;
  const answered = new Promise((resolve) => (answer = resolve));
  const nudge = createNudge(startRun, { onError });
  let first: Promise<void> | undefined;
  await new Promise<void>((underWay) => {
    startRun.mockImplementationOnce(() => {
      underWay();
      return answered;
    });
    first = nudge();
  });
  const second = nudge();
  endPause();

  expect(startRun).toHaveBeenCalledTimes(1);
  answer({});
  await Promise.all([first, second]);

  expect(startRun).toHaveBeenCalledTimes(2);
});

test('a failed start is reported, does not reject, and does not prevent the next start', async () => {
  const refused = new Error('AccessDeniedException');
  startRun.mockRejectedValueOnce(refused);
  const nudge = createNudge(startRun, { onError });

  await expect(nudge()).resolves.toBeUndefined();
  expect(onError).toHaveBeenCalledWith(refused);
  endPause();
  await nudge();

  expect(startRun).toHaveBeenCalledTimes(2);
});

test.each<[string, (error: unknown) => unknown]>([
  [
    'throws',
    () => {
      throw new Error('no log');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no log'))],
])('an onError that %s does not stop later nudges', async (_, onErrorOf) => {
  startRun.mockRejectedValueOnce(new Error('AccessDeniedException'));
  const nudge = createNudge(startRun, { onError: onErrorOf });

  await expect(nudge()).resolves.toBeUndefined();
  endPause();
  await nudge();

  expect(startRun).toHaveBeenCalledTimes(2);
});

test('a start without an answer is abandoned after five seconds', async () => {
  startRun.mockReturnValueOnce(new Promise(() => undefined));
  const nudge = createNudge(startRun, { onError });
  const first = nudge();
  const begun = new Promise<void>((resolve) => startRun.mockImplementation(async () => resolve()));
  while (startRun.mock.calls.length === 0) await Promise.resolve();

  const second = nudge();
  giveUp();
  endPause();

  await Promise.all([first, second, begun]);
});
