const { default: Sequencer } = require('@jest/test-sequencer');

const longest = [
  'test/e2e/',
  'test/infra/package.test.ts',
  'test/outbox/lifecycle-model.test.ts',
  'test/twin/postgres/',
];

/**
 * Starts the longest test files first, so that no worker ends with one of them while the others have nothing to do.
 * Jest orders by the durations of earlier runs, and a new clone has none.
 */
module.exports = class LongFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => longest.some((part) => path.replaceAll('\\', '/').includes(part));
    return super.sort(tests).sort((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
};
