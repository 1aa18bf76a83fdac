import { attribute, h, setText } from './dom.js';

const signs = { ok: '✓', bad: '✕', warn: '!', running: '●', idle: '○' };

/** The sign of a status: its colour is never the only thing that tells it. */
export const sign = (tone) => signs[tone] ?? signs.idle;

export function badge([tone, label]) {
  const node = h('span', { class: 'badge' }, h('span', { 'aria-hidden': 'true', class: 'sign' }), h('span'));
  setBadge(node, [tone, label]);
  return node;
}

export function setBadge(node, [tone, label]) {
  attribute(node, 'data-tone', tone);
  setText(node.firstChild, sign(tone));
  setText(node.lastChild, label);
}
