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

/** The commands of npm in the shell blocks of a page: those that are meant for every shell. */
function npmCommands(page: string): string[] {
  const blocks = projectText(page).matchAll(/^ *```sh[^\n]*\n(.*?)^ *```$/gms);
  return [...blocks]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => /^ *(np[mx]|git) /.test(line));
}

// cmd gives a comment to the command as words, Windows PowerShell 5.1 refuses &&, and only POSIX shells know the rest.
const onlyInSomeShells = / #|&&|\|\||\\$|'|\$\(?\w/;

test.each(pages)('the npm commands of %s work in cmd and PowerShell too', (page) => {
  expect(npmCommands(page).filter((command) => onlyInSomeShells.test(command))).toEqual([]);
});

test('the pages have npm commands to check', () => {
  expect(pages.flatMap(npmCommands).length).toBeGreaterThan(10);
});

// npm runs scripts with cmd on Windows, which knows && and no other of these.
test.each(Object.entries(scripts))('the script %s works in cmd too', (_, script) => {
  expect(script).not.toMatch(/\|\||;|'|\$|^\w+=| rm | cp | mkdir /);
});
