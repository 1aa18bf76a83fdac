import { bundleHandlers } from '../lambdas/bundle.ts';

const { names } = await bundleHandlers();
console.log(`bundled ${names.join(', ')} into dist/lambdas`);
