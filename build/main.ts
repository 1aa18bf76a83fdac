import { bundleHandlers } from './bundle-handlers.ts';

const { names } = await bundleHandlers();
console.log(`bundled ${names.join(', ')} into dist/lambdas`);
