/// <reference lib="dom" />
import { formatCell, isNumeric } from '../report/numbers.ts';
import type { Cell, Section } from '../section.ts';
import { type Field, fields, type Group, type Inputs } from './inputs.ts';
import { tables } from './tables.ts';

declare global {
  interface Window {
    readonly initial: Inputs;
  }
}

const form = document.querySelector<HTMLFormElement>('#inputs');
const output = document.querySelector<HTMLElement>('#tables');

const titles: Record<Group, string> = {
  workload: 'Workload',
  configuration: 'Configuration',
  milliseconds: 'Milliseconds of a call',
  counts: 'Counts and bytes',
  quotas: 'Quotas',
  prices: 'Prices, US dollars',
  alternatives: 'The alternatives',
};

/** An element with its attributes and children; text is never read as HTML. */
function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (Node | string)[]
): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function inputOf(group: string, name: string, { label, source }: Field, value: number): HTMLElement {
  const id = `${group}.${name}`;
  const input = element('input', {
    id,
    type: 'number',
    step: 'any',
    min: '0',
    required: '',
    value: String(Number(value.toPrecision(8))),
  });
  const note = source === undefined ? [] : [element('small', {}, source)];
  return element('div', { class: 'field' }, element('label', { for: id }, label), input, ...note);
}

function fieldset([group, content]: [string, Readonly<Record<string, Field>>]): HTMLElement {
  const start: Readonly<Record<string, number>> = window.initial[group as Group];
  const open = group === 'workload' || group === 'configuration';
  return element(
    'details',
    open ? { open: '' } : {},
    element('summary', {}, titles[group as Group]),
    ...Object.entries(content).map(([name, field]) =>
      inputOf(group, name, field, start[name] ?? field.value),
    ),
  );
}

/** What stands in the form; an input that is empty or impossible keeps its start value. */
function read(): Inputs {
  const numberOf = (group: string, name: string, start: number) => {
    const input = document.getElementById(`${group}.${name}`);
    return input instanceof HTMLInputElement && input.checkValidity() ? input.valueAsNumber : start;
  };
  return Object.fromEntries(
    Object.entries(window.initial).map(([group, values]) => [
      group,
      Object.fromEntries(Object.entries(values).map(([name, start]) => [name, numberOf(group, name, start)])),
    ]),
  ) as unknown as Inputs;
}

// What the documents call the defaults is here whatever was typed.
const shown = (cell: Cell) => (cell === 'defaults' ? 'as given' : formatCell(cell));

function table({ name, title, columns, rows, notes = [] }: Section): HTMLElement {
  const lowest = (column: number) =>
    name === 'scale-quotas' ? Math.min(...rows.map((row) => Number(row[column]))) : Number.NaN;
  const head = columns.map((text, index) =>
    element('th', isNumeric(rows, index) ? { class: 'figure', scope: 'col' } : { scope: 'col' }, shown(text)),
  );
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell, index) => {
        const classes = isNumeric(rows, index) ? 'figure' : '';
        return element('td', { class: cell === lowest(index) ? `${classes} lowest` : classes }, shown(cell));
      }),
    ),
  );
  return element(
    'section',
    {},
    element('h2', {}, title),
    element('p', {}, notes.join(' ')),
    element(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title },
      element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...body)),
    ),
  );
}

const compute = () => output?.replaceChildren(...tables(read()).map(table));

function start(): void {
  form?.replaceChildren(...Object.entries(fields).map(fieldset));
  compute();
}

form?.addEventListener('input', compute);
document.querySelector('#reset')?.addEventListener('click', start);
start();
