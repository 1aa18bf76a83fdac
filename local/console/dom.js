/**
 * An element with attributes, listeners (`onclick: fn`) and children. Text is only ever a text node: nothing that
 * an event carries can become markup.
 * @param {string} tag
 * @param {Record<string, unknown>} [props]
 * @param {...(Node | string | number | null | undefined | false)} children
 */
export function h(tag, props = {}, ...children) {
  return build(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return build(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children);
}

function build(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else attribute(node, name, value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** Writes only what differs, so that live updates disturb neither focus nor screen readers. */
export function attribute(node, name, value) {
  if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else {
    const text = value === true ? '' : String(value);
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }
}

export function setText(node, value) {
  const text = String(value ?? '');
  if (node.textContent !== text) node.textContent = text;
}

const kept = new WeakMap();

/**
 * Makes the children of `parent` show `items`: what is there already is updated in place and never moved without
 * need, since moving an element takes the focus from it.
 */
export function keyed(parent, items, keyOf, create, update = () => {}) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map(items.map((item) => [keyOf(item), before.get(keyOf(item)) ?? create(item)]));
  for (const [key, node] of before) if (!after.has(key)) node.remove();
  let cursor = parent.firstChild;
  for (const item of items) {
    const node = after.get(keyOf(item));
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
    update(node, item);
  }
  kept.set(parent, after);
}

/** Says it to a screen reader. */
export function announce(sentence) {
  setText(document.getElementById('announcer'), sentence);
}

/** A table that scrolls in itself when the screen is narrow, and whose scrolling needs no mouse. */
export function table(label, columns) {
  const body = h('tbody');
  const head = h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column)));
  const element = h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    h('table', {}, h('thead', {}, head), body),
  );
  return { element, body };
}
