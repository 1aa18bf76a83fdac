import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: a function with 1,769 MB has one vCPU, and
// a smaller one a share of it. The periods of 20 ms were observed by others; AWS does not document them.
const MEMORY_OF_ONE_CPU_MB = 1_769;
const PERIOD_US = 20_000;

/** The share of a core that Lambda gives a function of this size. */
export const cpuShare = (memoryMb: number): number => Math.min(1, memoryMb / MEMORY_OF_ONE_CPU_MB);

/** A control group whose processes get at most this share of a core. */
export interface CpuQuota {
  /** The file to which a process writes its id to join the group. */
  readonly entrance: string;
  remove(): Promise<void>;
}

/** Undefined where control groups cannot be created: not on Linux, or not as root. */
export async function createQuota(share: number): Promise<CpuQuota | undefined> {
  const name = `outbox-bench-${process.pid}-${Math.round(share * 1_000)}`;
  const quota = Math.round(share * PERIOD_US);
  const made = existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')
    ? await make(`/sys/fs/cgroup/cpu/${name}`, {
        'cpu.cfs_period_us': String(PERIOD_US),
        'cpu.cfs_quota_us': String(quota),
        // Other processes on this machine must not delay the work that the quota allows.
        'cpu.shares': '262144',
      })
    : await make(`/sys/fs/cgroup/${name}`, { 'cpu.max': `${quota} ${PERIOD_US}`, 'cpu.weight': '10000' });
  if (made === undefined) return undefined;
  return { entrance: `${made}/cgroup.procs`, remove: () => rmdir(made) };
}

async function make(folder: string, settings: Readonly<Record<string, string>>): Promise<string | undefined> {
  try {
    await mkdir(folder);
    for (const [file, value] of Object.entries(settings)) await writeFile(`${folder}/${file}`, value);
    return folder;
  } catch (error) {
    console.warn(`no control group with a CPU quota (${String(error)}): times are derived from CPU time`);
    await rmdir(folder).catch(() => undefined);
    return undefined;
  }
}
