/** Files that a run wrote, to tell of one that it writes over although nothing can have read it. */
import type { NodeType } from "../definition/node-type.js";
import type { NodeWork } from "./work.js";

/** Who wrote a file, in which of its rounds. */
interface Writing {
  nodeId: unknown;
  step: string;
}

/** Files of a run that are known; a run that writes more begins anew. */
const MOST_FILES = 10_000;
/** Types that touch nothing themselves, while what goes on meanwhile, or inside of them, may read files. */
const LET_READ = new Set(["sub-flow", "delay", "wait-for-input"]);

/** By the end of a run, what it wrote since a node last may have read something. */
const runs = new WeakMap<AbortSignal, Map<string, Writing>>();
let hasWritten = false;

/**
 * Warns where the run wrote this file already, and nothing that reads files or runs programs came between: what it held is lost.
 *
 * @param place where it is, from the root: a file has one name
 * @param path as the flow has it, for the message
 * @param appends whether the node could append instead
 * @returns to be called once the file is written
 */
export function warnOfWritingOver(
  { runEnd, nodeId, stepKey = "", warn }: Pick<NodeWork<unknown>, "runEnd" | "nodeId" | "stepKey" | "warn">,
  place: string,
  path: string,
  appends = true,
): () => void {
  if (runEnd === undefined) return () => {};
  const files = runs.get(runEnd) ?? new Map<string, Writing>();
  runs.set(runEnd, files);
  hasWritten = true;
  // A further try, of the node or of a group around it, means the same content.
  const step = stepKey.replace(/~\d+(?=\/[^~]*$)/, "");
  const before = files.get(place);
  if (before !== undefined && before.step !== step) {
    const meant = appends ? ", append, or set `overwrite` of `file-system` to true where that is meant" : "";
    warn(
      "written-over",
      before.nodeId === nodeId
        ? `\`${path}\` is written in each round, so that only what the last one writes is left; give each round a path of its own (such as \`\${{ index }}\` in the name), write once behind the loop${meant}`
        : `\`${path}\` was written by \`${String(before.nodeId)}\` before in this run, and is written over; give one of them another path${meant}`,
    );
  }
  return () => {
    if (files.size >= MOST_FILES) files.clear();
    files.set(place, { nodeId, step });
  };
}

/** Whether files may be read while a node of the type runs that does not write one. */
export function letsRead({ type, touches }: Pick<NodeType, "type" | "touches">): boolean {
  return touches.length > 0 || LET_READ.has(type);
}

/** A file, `place` from the root, is read by a node that tells of each that it reads. */
export function wasRead({ runEnd }: Pick<NodeWork<unknown>, "runEnd">, place: string): void {
  if (runEnd !== undefined) runs.get(runEnd)?.delete(place);
}

/** A node begins that may read files, or runs what may: what was written so far may be read. */
export function letBeRead(runEndOf: () => AbortSignal | undefined): void {
  const runEnd = hasWritten ? runEndOf() : undefined;
  if (runEnd !== undefined) runs.get(runEnd)?.clear();
}
