/** Builds everything of the package but its types: handlers, construct, CLI, and the notices of what they contain. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { metafile as cli } from '../cli/bundle.ts';
import { metafiles as construct } from '../infra/bundle.ts';
import { bundleHandlers } from '../lambdas/bundle.ts';
import { bundledPackages, thirdPartyNotices } from './notices.ts';

const { metafile: handlers } = await bundleHandlers();
const notices = thirdPartyNotices(bundledPackages([handlers, ...construct, cli]));
await writeFile(fileURLToPath(new URL('../dist/THIRD-PARTY-NOTICES', import.meta.url)), notices);
