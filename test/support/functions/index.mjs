// Functions for the tests of the twin's Lambda: each export is a handler named `index.<name>`.
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

let invocations = 0;
let meeting = [];

/** Ends when `count` invocations run at once. Returns the number of invocations that this thread has run. */
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

/** Never ends when `slow` is set. */
export function answer({ slow }) {
  invocations += 1;
  return slow ? new Promise(() => undefined) : Promise.resolve(invocations);
}

/** Blocks its thread. */
export function compute({ ms }) {
  const until = Date.now() + ms;
  while (Date.now() < until);
  return Promise.resolve('computed');
}

/** Sends one request after another without end. */
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
