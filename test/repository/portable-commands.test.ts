import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { projectText } from '../support/fenced-block.ts';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('../../docs/', import.meta.url))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const { scripts } = JSON.parse(projectText('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** The npm commands in the shell blocks of a page that are meant for every shell. */
function npmCommands(page: string): string[] {
  const blocks = projectText(page).matchAll(/^ *```sh[^\n]*\n(.*?)^ *```$/gms);
  return [...blocks]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => /^ *(np[mx]|git) /.test(line));
}

// cmd passes a comment as arguments, Windows PowerShell 5.1 refuses &&, and the rest exists only in POSIX shells.
const onlyInSomeShells = / #|&&|\|\||\\$|'|\$\(?\w/;

test.each(pages)('the npm commands of %s also work in cmd and PowerShell', (page) => {
  expect(npmCommands(page).filter((command) => onlyInSomeShells.test(command))).toEqual([]);
});

test('the pages have npm commands', () => {
  expect(pages.flatMap(npmCommands).length).toBeGreaterThan(10);
});

// npm runs scripts with cmd on Windows, which supports && and none of the others.
test.each(Object.entries(scripts))('the script %s also works in cmd', (_, script) => {
  expect(script).not.toMatch(/\|\||;|'|\$|^\w+=| rm | cp | mkdir /);
});
