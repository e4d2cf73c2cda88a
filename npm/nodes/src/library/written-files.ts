/** Files that a run wrote, to tell of one that it writes over although nothing can have read it. */
import type { NodeWork } from "./work.js";

/** Who wrote a file, in which of its rounds. */
interface Writing {
  nodeId: unknown;
  step: string | undefined;
}

/** By the end of a run, what it wrote since a node last read something. */
const runs = new WeakMap<AbortSignal, Map<string, Writing>>();
let hasWritten = false;

/**
 * Warns where the run wrote this file already, and nothing that reads files or runs programs came between: what it held is lost.
 *
 * @param place where it really is
 * @param path as the flow has it, for the message
 */
export function warnOfWritingOver(
  { runEnd, nodeId, stepKey: step, warn }: Pick<NodeWork<unknown>, "runEnd" | "nodeId" | "stepKey" | "warn">,
  place: string,
  path: string,
): void {
  if (runEnd === undefined) return;
  let files = runs.get(runEnd);
  if (files === undefined) {
    files = new Map();
    runs.set(runEnd, files);
  }
  hasWritten = true;
  const before = files.get(place);
  files.set(place, { nodeId, step });
  // A further try of the same step means the same content.
  if (before === undefined || before.step === step) return;
  warn(
    "written-over",
    before.nodeId === nodeId
      ? `\`${path}\` is written in each round, so that only what the last one writes is left; give each round a path of its own (such as \`\${{ index }}\` in the name), append, or write once behind the loop`
      : `\`${path}\` was written by \`${String(before.nodeId)}\` before in this run, and is written over; give one of them another path, or append`,
  );
}

/** A node that may read files, or runs what may, begins: what was written so far may be read. */
export function letBeRead(work: Pick<NodeWork<unknown>, "runEnd">): void {
  if (hasWritten && work.runEnd !== undefined) runs.get(work.runEnd)?.clear();
}
