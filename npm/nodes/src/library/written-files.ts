/** Files that a run wrote, of which `machine/writing-over.ts` tells those that it writes over although nothing can have read them. */
import type { NodeType } from "../definition/node-type.js";

/** Who wrote a file, in which of its rounds. */
interface Writing {
  nodeId: unknown;
  step: string;
}

/** Files of a run that are known; a run that writes more begins anew. */
const MOST_FILES = 10_000;
/** Types that touch nothing themselves, while what goes on meanwhile, or inside of them, may read files. */
const LET_READ = new Set(["sub-flow", "delay", "wait-for-input"]);

/** By the end of a run and by paths from the root, what it wrote since a node last may have read something. */
const runs = new WeakMap<AbortSignal, Map<string, Writing>>();
let hasWritten = false;

/** What a run wrote since a node last may have read something, for one that is about to write. */
export function writtenFiles(runEnd: AbortSignal): Map<string, Writing> {
  const files = runs.get(runEnd) ?? new Map<string, Writing>();
  runs.set(runEnd, files);
  hasWritten = true;
  if (files.size >= MOST_FILES) files.clear();
  return files;
}

/** Whether files may be read while a node of the type runs that does not write one. */
export function letsRead({ type, touches }: Pick<NodeType, "type" | "touches">): boolean {
  return touches.length > 0 || LET_READ.has(type);
}

/** A file was read, by a node that tells of each that it reads. */
export function fileWasRead(runEnd: AbortSignal | undefined, file: string): void {
  if (runEnd !== undefined) runs.get(runEnd)?.delete(file);
}

/** A node begins that may read files, or runs what may: what was written so far may be read. */
export function letBeRead(runEndOf: () => AbortSignal | undefined): void {
  const runEnd = hasWritten ? runEndOf() : undefined;
  if (runEnd !== undefined) runs.get(runEnd)?.clear();
}
