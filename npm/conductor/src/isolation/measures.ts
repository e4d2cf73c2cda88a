/** What a process takes, as Linux tells it. Other systems tell nothing here. */
import { readFileSync } from "node:fs";

/** Ticks a second in which Linux counts time; the same on all machines that Node runs on. */
const TICKS = 100;

/** Where the times are in `/proc/<pid>/stat`, counted behind the name: of the process itself, in its own code and in the system. */
const OWN_TIME = 11;
const SYSTEM_TIME = 12;

/** Whether memory and time of other processes can be measured here. */
export const canMeasure = process.platform === "linux";

/** Bytes of memory that a process has in use; `undefined` where that is not known. */
export function memoryOf(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(textOf(pid, "status") ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The ms of processor time that a process took; `undefined` where that is not known. */
export function cpuOf(pid: number): number | undefined {
  const text = textOf(pid, "stat");
  if (text === undefined) return undefined;
  // The name before may have blanks in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[OWN_TIME]) + Number(fields[SYSTEM_TIME])) * 1000) / TICKS;
}

function textOf(pid: number, file: string): string | undefined {
  if (!canMeasure) return undefined;
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return undefined;
  }
}
