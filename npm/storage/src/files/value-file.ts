import { lstat, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";

import { LIMITS, NotPlain } from "../data/plain.js";
import { DocumentProblem, type ReadDocument, readDocument, WouldLose } from "../document/read.js";
import { StorageError, type StorageErrorContext } from "../error.js";
import { whereabouts } from "./containment.js";
import { fileFailure, isCircle, isMissing } from "./failure.js";
import type { FileState } from "./rewrite.js";

/** A document in a file, with the times of the file. */
export interface ValueFile extends ReadDocument {
  size: number;
  /** ISO. */
  created: string;
  /** ISO. */
  updated: string;
  /** As it was before the reading. */
  state: FileState;
}

/**
 * Reads a file below the base folder.
 *
 * @throws StorageError ACCESS_DENIED for one that a link leads to outside, SERIALIZATION_ERROR for one that holds no document,
 *   with line and column.
 */
export async function readValueFile(
  base: string,
  file: string,
  message: string,
  context: StorageErrorContext,
): Promise<ValueFile> {
  const where = { ...context, file };
  try {
    await assertInside(base, file, message, where);
    return await readFileAsDocument(file, message, where);
  } catch (error) {
    throw fileFailure(message, error, where);
  }
}

/** As {@link readValueFile}, for a file anywhere. */
export async function readFileAsDocument(
  file: string,
  message: string,
  context: StorageErrorContext,
): Promise<ValueFile> {
  const facts = await stat(file, { bigint: true });
  if (!facts.isFile()) throw new StorageError(`${message}: ${file} is not a file`, "ACCESS_DENIED", { context });
  if (facts.size > LIMITS.bytes) {
    throw new StorageError(
      `${message}: ${file} has ${facts.size} bytes, more than ${LIMITS.bytes}`,
      "SERIALIZATION_ERROR",
      { context },
    );
  }
  const bytes = await readFile(file);
  try {
    const document = readDocument(bytes);
    const created = facts.birthtimeMs > 0n ? facts.birthtime : facts.mtime;
    return {
      ...document,
      size: bytes.length,
      created: created.toISOString(),
      updated: facts.mtime.toISOString(),
      state: facts,
    };
  } catch (error) {
    throw documentFailure(message, error, { ...context, file });
  }
}

/** What is wrong with the text of a file as the failure of an operation. */
export function documentFailure(
  message: string,
  error: unknown,
  context: StorageErrorContext & { file: string },
): unknown {
  if (error instanceof WouldLose) return refusal(error, message, context.file, context);
  if (error instanceof NotPlain) {
    return new StorageError(`${message}: ${error.message}`, "SERIALIZATION_ERROR", {
      cause: error,
      context: { ...context, path: error.path },
    });
  }
  if (error instanceof DocumentProblem) {
    const { line, column } = error;
    return new StorageError(`${message}: ${context.file}${error.place}: ${error.message}`, "SERIALIZATION_ERROR", {
      cause: error,
      context: { ...context, ...(line !== undefined && { line }), ...(column !== undefined && { column }) },
    });
  }
  if ((error as { code?: unknown }).code === "NATIVE_UNAVAILABLE") {
    return new StorageError(`${message}: ${(error as Error).message}`, "UNSUPPORTED_OPERATION", {
      cause: error,
      context,
    });
  }
  return error;
}

/** Whether a failure is that of a file which is gone, or of a link to nothing. */
export function isGone(error: unknown): boolean {
  return error instanceof StorageError && isMissing(error.cause ?? {});
}

/** Whether a failure is that of a file which is there but holds no document. */
export function isUnreadable(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === "SERIALIZATION_ERROR";
}

/** A save that would lose what a file holds: says where, and what to do. */
export function refusal(
  error: DocumentProblem | StorageError,
  message: string,
  file: string,
  context: StorageErrorContext,
): StorageError {
  const problem = error.cause instanceof DocumentProblem ? error.cause : error;
  const { line, column } = problem instanceof DocumentProblem ? problem : problem.context;
  const place = problem instanceof DocumentProblem ? problem.place : "";
  return new StorageError(
    `${message}: ${file}${place} is left as it is: ${problem.message}; edit or move that file, or save with { overwrite: true }`,
    "UNSUPPORTED_OPERATION",
    {
      cause: problem,
      context: { ...context, file, ...(line !== undefined && { line }), ...(column !== undefined && { column }) },
    },
  );
}

/** Refuses a path that links lead out of the base folder, or that the file system takes for another key's. */
export async function assertInside(
  base: string,
  file: string,
  message: string,
  context: StorageErrorContext,
): Promise<void> {
  const found = await whereabouts(base, file);
  if (found.kind === "outside") {
    throw new StorageError(`${message}: ${file} leads out of ${base}; links may only stay inside`, "ACCESS_DENIED", {
      context,
    });
  }
  if (found.kind === "other-spelling") {
    throw new StorageError(
      `${message}: this file system does not tell ${file} from ${found.path}, which is there already; choose another key`,
      "UNSUPPORTED_OPERATION",
      { context },
    );
  }
}

/** As {@link assertInside}, for a file that is to go: a link that leads nowhere but in a circle is itself inside. */
export async function assertRemovable(
  base: string,
  file: string,
  message: string,
  context: StorageErrorContext,
): Promise<void> {
  try {
    await assertInside(base, file, message, context);
  } catch (error) {
    if (!isCircle(error)) throw error;
    await assertInside(base, dirname(file), message, context);
  }
}

/** Whether there is a file at a path below the base folder, or at the end of links that stay inside. */
export async function isFileInside(base: string, path: string): Promise<boolean> {
  try {
    return (await whereabouts(base, path)).kind === "inside" && (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error) || isCircle(error)) return false;
    throw error;
  }
}

/** Whether there is a file or a link at a path. Where there is nothing, the file system's error says so. */
export async function isFileOrLink(path: string): Promise<boolean> {
  const facts = await lstat(path);
  return facts.isFile() || facts.isSymbolicLink();
}
