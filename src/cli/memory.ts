import {readFileSync} from 'node:fs';

/** The memory of this process, MiB. */
export const processMemory = {
  inUse: (): number => Math.round(process.memoryUsage.rss() / 2 ** 20),
  peak: (): number => Math.round(peakKib() / 1024),
};

/**
 * The largest memory of this process. Linux keeps in `maxRSS` what the process held that became this one (getrusage(2) survives
 * execve), so that a large program that starts a small one would be measured; VmHWM (proc(5)) begins anew.
 */
function peakKib(): number {
  return peakInStatus(readStatus()) ?? process.resourceUsage().maxRSS;
}

/** VmHWM of the text of /proc/self/status, KiB; null where it has none. */
export function peakInStatus(status: string): number | null {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  return match === null ? null : Number(match[1]);
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return ''; // not on this system
  }
}
