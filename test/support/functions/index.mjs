// Functions for the tests of the twin's Lambda: each is an export, so `index.<name>` is a handler.
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

let invocations = 0;
let meeting = [];

/** Ends when so many invocations of it run at once. Answers with how many this thread has run so far. */
export async function meet({ count }) {
  invocations += 1;
  await new Promise((resolve) => {
    meeting.push(resolve);
    if (meeting.length < count) return;
    for (const end of meeting) end();
    meeting = [];
  });
  return invocations;
}

/** Never ends for the slow one. */
export function answer({ slow }) {
  invocations += 1;
  return slow ? new Promise(() => undefined) : Promise.resolve(invocations);
}

/** Occupies its thread. */
export function compute({ ms }) {
  const until = Date.now() + ms;
  while (Date.now() < until);
  return Promise.resolve('computed');
}

/** Sends one request after the other, for ever. */
export async function send({ url }) {
  for (;;) {
    await new Promise((resolve) =>
      get(url, (response) => response.resume().once('end', resolve)).once('error', resolve),
    );
    await pause(5);
  }
}

export async function end({ exit }) {
  if (exit) process.exit(3);
  return 'alive';
}
