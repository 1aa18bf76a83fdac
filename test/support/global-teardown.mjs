/** Jest calls this after the last test file. */
export default () => globalThis.stopSharedSetup();
