/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // What many test files need is made once: test/support/shared.ts.
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  setupFiles: ['<rootDir>/test/support/quiet-sdk.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2022',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testSequencer: '<rootDir>/test/support/long-first.cjs',
  // One more than the cores of a small machine: tests of twins spend half of their time waiting for retries.
  maxWorkers: 3,
  // The end of a process with more than a gigabyte takes longer than the 500 ms that jest-worker waits before it kills
  // it and blames the tests: such a worker is replaced between two test files.
  workerIdleMemoryLimit: '500MB',
  // A guard against hanging, not a measure: machines differ, and twins take seconds to start.
  testTimeout: 120_000,
};

export default config;
