import { bundleConsole } from './bundle-console.ts';
import { bundleHandlers } from './bundle-handlers.ts';

const [{ names }] = await Promise.all([bundleHandlers(), bundleConsole()]);
console.log(`bundled ${names.join(', ')} into dist/lambdas, and the page of the console into dist/console`);
