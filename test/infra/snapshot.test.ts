import { expect, test } from '@jest/globals';
import { synthesized } from './synthesized.ts';

const ASSET = /\b[0-9a-f]{64}\b/g;
/** The logical id of a version ends with a hash of the code and configuration of its function. */
const VERSION = /(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}\b/g;

/** A template without everything that changes with every build. The definitions have their own tests. */
function masked(template: object): unknown {
  const text = JSON.stringify(template).replace(ASSET, '<asset>').replace(VERSION, '<version>');
  return JSON.parse(text, (key, value: unknown) => (key === 'DefinitionString' ? '<definition>' : value));
}

test('the template of the default configuration changes only on purpose', async () => {
  expect(masked((await synthesized()).toJSON())).toMatchSnapshot();
}, 60_000);
