import { main } from './certify.ts';

process.exitCode = await main(process.argv.slice(2));
