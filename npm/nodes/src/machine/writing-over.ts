/** Files that are there already: refused, or told of where a run writes over what nothing can have read. One is told by where it is, however a flow spells that. */
import { lstat } from "node:fs/promises";
import { resolve } from "node:path";

import { NodeError } from "../contract/error.js";
import type { NodeWork } from "../library/work.js";
import { fileWasRead, writtenFiles } from "../library/written-files.js";
import { factsOf } from "./facts.js";

/** What a node says of a file that is there: it may be replaced, it must not, or it may and is told of where the run wrote it. */
type Overwrite = boolean | undefined;

/**
 * Refuses to write where something is.
 *
 * @param place where it is
 * @param path as the flow has it, for the message
 * @throws NodeError EXECUTION_FAILED
 */
export async function refuseTaken(overwrite: Overwrite, place: string, path: string): Promise<void> {
  if (overwrite === false && (await factsOf(place, lstat))) throw taken(path);
}

/**
 * Writes a file as `overwrite` says.
 *
 * @param path as the flow has it, for the message
 * @param write is told whether the file must be new
 * @throws NodeError EXECUTION_FAILED for one that must be and is not, also where another node made it meanwhile
 */
export async function writtenAs<T>(
  overwrite: Overwrite,
  path: string,
  write: (isNew: boolean) => Promise<T>,
): Promise<T> {
  const isNew = overwrite === false;
  return write(isNew).catch((error) => {
    throw isNew && isTaken(error) ? taken(path) : error;
  });
}

/** Whether a name could not be given because something has it; a file where a folder should be is something else. */
export function isTaken(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return code === "EEXIST" && syscall !== "mkdir";
}

function taken(path: string): NodeError {
  return new NodeError(
    "EXECUTION_FAILED",
    `There is something at the target already, and \`overwrite\` is false: ${path}`,
  );
}

/** A file that a node writes. */
interface Writing {
  /** Where it is. */
  place: string;
  /** The same as the flow has it, for messages. */
  path: string;
  overwrite?: Overwrite;
  /** Whether there is a way to append instead; there is unless this says otherwise. */
  appends?: boolean;
}

/**
 * Writes a file: refuses it or warns of it as {@link refuseTaken} and {@link warnOfWritingOver} do, and remembers that the run wrote it.
 *
 * @param write is told whether the file must be new
 */
export async function writeOver<T>(
  work: Pick<NodeWork<unknown>, "runEnd" | "nodeId" | "stepKey" | "warn">,
  file: Writing,
  write: (isNew: boolean) => Promise<T>,
): Promise<T> {
  await refuseTaken(file.overwrite, file.place, file.path);
  const written = warnOfWritingOver(work, file);
  const result = await writtenAs(file.overwrite, file.path, write);
  written();
  return result;
}

/**
 * Warns where the run wrote this file already, and nothing that reads files or runs programs came between: what it held is lost.
 *
 * @returns to be called once the file is written
 */
function warnOfWritingOver(
  { runEnd, nodeId, stepKey = "", warn }: Pick<NodeWork<unknown>, "runEnd" | "nodeId" | "stepKey" | "warn">,
  { place, path, overwrite, appends = true }: Writing,
): () => void {
  if (runEnd === undefined) return () => {};
  const file = resolve(place);
  const files = writtenFiles(runEnd);
  // A further try, of the node or of a group around it, means the same content.
  const step = stepKey.replace(/~\d+(?=\/[^~]*$)/, "");
  const before = files.get(file);
  if (before !== undefined && before.step !== step && overwrite === undefined) {
    const meant = `${appends ? ", append" : ""}, or set \`overwrite\` to true where that is meant`;
    warn(
      "written-over",
      before.nodeId === nodeId
        ? `\`${path}\` is written in each round, so that only what the last one writes is left; give each round a path of its own (such as \`\${{ index }}\` in the name), write once behind the loop${meant}`
        : `\`${path}\` was written by \`${String(before.nodeId)}\` before in this run, and is written over; give one of them another path${meant}`,
    );
  }
  return () => void files.set(file, { nodeId, step });
}

/** Notes that a file was read, for a node whose executable `tellsReads`. */
export function wasRead({ runEnd }: Pick<NodeWork<unknown>, "runEnd">, place: string): void {
  fileWasRead(runEnd, resolve(place));
}
