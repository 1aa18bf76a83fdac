/** Builds the package except for its types: handlers, construct, CLI, the page of the console, and the notices of bundled code. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { metafile as cli } from './bundle-cli.ts';
import { bundleConsole } from './bundle-console.ts';
import { metafiles as construct } from './bundle-construct.ts';
import { bundleHandlers } from './bundle-handlers.ts';
import { bundledPackages, thirdPartyNotices } from './notices.ts';

const [{ metafile: handlers }, page] = await Promise.all([bundleHandlers(), bundleConsole()]);
const notices = thirdPartyNotices(bundledPackages([handlers, ...construct, cli, page]));
await writeFile(fileURLToPath(new URL('../dist/THIRD-PARTY-NOTICES', import.meta.url)), notices);
