import { useSyncExternalStore } from 'react';

/** Where the page is, as the part of the address after `#` says it. */
export interface Address {
  /** The parts between slashes, decoded: `['events', '<id>']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  return { path: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/** A link to a place in the page; empty values are left out of its query. */
export function addressOf(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${search && `?${search}`}`;
}

export function go(address: string): void {
  location.hash = address;
}

/** Changes the address without another step for the Back button. */
export function replaceAddress(address: string): void {
  history.replaceState(undefined, '', address);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useAddress(): Address {
  return parseAddress(useSyncExternalStore(subscribe, () => location.hash));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
