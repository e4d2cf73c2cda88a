/** How the parts of a file of an execution are changed, and what is common to that. */
import { coded } from "../../engine/failure.js";
import { MOST_PATHS } from "../../engine/redact.js";
import type { Json } from "../../executions/tagged-json.js";
import type { Entry } from "../durable/entry.js";
import type { LeftOutOfFile } from "../durable/kept-run.js";
import type { FlowValues } from "./flow-values.js";
import type { ExecutionFile } from "./run-file.js";

/** What becomes of the parts of a file. */
export interface FileChange {
  /** The options, as the file tells them. */
  readonly leftOut: LeftOutOfFile;
  /** Called with every part before any is written; missing where nothing depends on that. */
  look?: FileLook;
  readonly flow: FlowValues;
  head(head: Record<string, Json>): Record<string, Json>;
  row(row: ExecutionFile["row"], oldTags: readonly string[], tags: readonly string[]): ExecutionFile["row"];
  /** An entry that is neither an output nor variables. `undefined` leaves it out. */
  entry(entry: Entry): Entry | undefined;
  /** A path of what was missing before. */
  path(path: string): string;
  /** The content of an output, and paths of what is missing of it. */
  output(content: Json): { json: Json; paths: readonly string[] };
  variables(fields: Json): { json: Json; paths: readonly string[] };
}

/** Looks at the values of a file. */
export interface FileLook {
  head(head: Record<string, Json>): void;
  entry(entry: Entry): void;
  output(content: Json): void;
  variables(fields: Json): void;
}

/** An entry of which parts are missing; without that, as short as it can be. */
export function withPaths(
  [kind, task, attempt, content, marks, reused]: readonly [
    kind: string,
    task: number,
    attempt: number,
    content: Json,
    marks?: Entry[4] | undefined,
    reused?: Entry[5] | undefined,
  ],
  paths: readonly string[],
): unknown[] {
  const entry = [kind, task, attempt, content];
  if (paths.length > 0) return [...entry, marks ?? 0, reused ?? 0, [...new Set(paths)].slice(0, MOST_PATHS)];
  if (reused === 1) return [...entry, marks ?? 0, reused];
  return marks === undefined || marks === 0 ? entry : [...entry, marks];
}

/** The error of an export that cannot be as it was asked for. */
export function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
