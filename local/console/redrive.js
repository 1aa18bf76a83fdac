import { machineArn, stepFunctions } from './api.js';
import { h } from './dom.js';
import { plural } from './format.js';

const POLL_MS = 500;

/**
 * Gives failed events a second chance: counts first, asks, then follows the redrive to its end.
 * @param {object} filter the input of outbox-redrive
 * @param {string} what the filter in words
 */
export function openRedrive(filter, what, { mayBeStopped = false } = {}) {
  const content = h('div', { 'aria-live': 'polite' });
  const buttons = h('div', { class: 'actions' });
  const dialog = h('dialog', { 'aria-label': 'Redrive' }, h('h2', {}, `Redrive ${what}`), content, buttons);
  const opener = document.activeElement;
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
  const close = () => h('button', { type: 'button', onclick: () => dialog.close() }, 'Close');

  function say(children, ...actions) {
    content.replaceChildren(...children);
    buttons.replaceChildren(...actions, close());
    (actions.find((action) => action.matches('button')) ?? buttons.lastChild).focus();
  }

  const safely = (step) =>
    step().catch((error) => say([h('p', { class: 'failure' }, `It did not work: ${error.message}`)]));

  async function count(input) {
    say([h('p', {}, 'Counting what matches; nothing is changed…')]);
    const { status, output, error, cause } = await run({ ...input, dryRun: true }, () => dialog.open);
    if (status !== 'SUCCEEDED') throw new Error(readable(error, cause));
    const { events } = JSON.parse(output);
    const stopped =
      mayBeStopped &&
      stoppedChoice(input.runIsStopped, (runIsStopped) =>
        safely(() => count({ ...filter, ...(runIsStopped && { runIsStopped }) })),
      );
    if (events === 0) return say([h('p', {}, 'No failed event matches.'), ...(stopped ? [stopped] : [])]);
    const sentence = `${plural(events, 'event')} would be published again, with fresh attempts and the same ids. Remove the cause first, or they will fail again.`;
    const confirm = { type: 'button', class: 'primary', onclick: () => safely(() => redrive(input, events)) };
    say(
      [h('p', {}, sentence), ...(stopped ? [stopped] : [])],
      h('button', confirm, `Redrive ${plural(events, 'event')}`),
    );
  }

  async function redrive(input, events) {
    // No more than the person has agreed to.
    const { status, error, cause, output, executionArn } = await run(
      { ...input, limit: events },
      () => dialog.open,
      (arn) => say([h('p', {}, 'Redriving and verifying…'), h('p', {}, linkTo(arn))]),
    );
    if (status === 'RUNNING') return;
    const done = status === 'SUCCEEDED';
    const sentence = done
      ? `Done: ${plural(JSON.parse(output).processed ?? 0, 'event')} processed.`
      : `The redrive ended ${status}: ${readable(error, cause)}`;
    say([h('p', { class: done ? 'success' : 'failure' }, sentence), h('p', {}, linkTo(executionArn))]);
  }

  function linkTo(arn) {
    return h(
      'a',
      { href: `#/runs/${encodeURIComponent(arn)}`, onclick: () => dialog.close() },
      'Watch the redrive',
    );
  }

  document.body.append(dialog);
  dialog.showModal();
  safely(() => count(filter));
}

/** Only a person can know that an Express execution is dead, so a person has to say it. */
function stoppedChoice(checked, choose) {
  const onchange = ({ target }) => choose(target.checked);
  const box = h('input', { type: 'checkbox', onchange, checked: checked === true });
  return h('label', { class: 'check' }, box, 'This run is dead: take also what it still holds');
}

/** Starts outbox-redrive and waits for its end while `wanted`. */
async function run(input, wanted, started = () => {}) {
  const { executionArn } = await stepFunctions('StartExecution', {
    stateMachineArn: await machineArn('-redrive'),
    input: JSON.stringify(input),
  });
  started(executionArn);
  for (;;) {
    const execution = await stepFunctions('DescribeExecution', { executionArn });
    if (execution.status !== 'RUNNING' || !wanted()) return execution;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function readable(error = '', cause = '') {
  try {
    return JSON.parse(cause).errorMessage ?? cause;
  } catch {
    return [error, cause].filter(Boolean).join(': ');
  }
}
