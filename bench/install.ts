/** Installs the peers for comparison; without a network the other benchmarks still run. */
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('npm --prefix bench ci --no-audit --no-fund', { shell: true, stdio: 'inherit' });
if (status !== 0) console.warn('what could not be installed is not measured, and its row says so');
