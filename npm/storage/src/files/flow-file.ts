import { extname, resolve } from "node:path";

import { contentOf, enveloped } from "../data/envelope.js";
import { isPlainObject, type Plain } from "../data/plain.js";
import { writable, writableMetadata } from "../data/refusal.js";
import { documentText } from "../document/write.js";
import type { SaveOptions } from "../engine.js";
import { StorageError } from "../error.js";
import { fileFailure, isMissing } from "./failure.js";
import { rewrite } from "./rewrite.js";
import { inTurn, inTurnOfFile } from "./turns.js";
import { documentFailure, isUnreadable, readFileAsDocument, refusal, type ValueFile } from "./value-file.js";

/** Facts about a flow file, beside the flow. */
export interface FlowFileMetadata {
  /** Default: the node's name. */
  name?: string;
  /** ISO time. Default: that of the existing file, or now. */
  createdAt?: string;
  [field: string]: unknown;
}

/**
 * Saves a node as a flow file: `{version: "1.0.0", metadata: {name, …, createdAt, updatedAt}, data: node}`, as JSON where the
 * file's name ends in `.json`, else as YAML. The file is replaced as a whole or not at all; comments in it are kept.
 *
 * @throws StorageError SERIALIZATION_ERROR for a node that cannot be written; UNSUPPORTED_OPERATION where, without
 *   `overwrite`, a comment or a file that cannot be read would be lost; ACCESS_DENIED, STORAGE_FULL.
 */
export async function saveFlowFile(
  path: string,
  node: unknown,
  metadata?: FlowFileMetadata,
  options?: Pick<SaveOptions, "overwrite">,
): Promise<void> {
  if (typeof path !== "string") {
    throw new StorageError(`A path must be text, found ${typeof path}`, "UNSUPPORTED_OPERATION", {
      context: { operation: "save" },
    });
  }
  const data = writable(node, path);
  const facts = writableMetadata(metadata, path);
  const message = `Failed to save data: ${path}`;
  const context = { operation: "save", file: path };
  if (!isPlainObject(data))
    throw new StorageError(`${message}: a node is an object`, "SERIALIZATION_ERROR", { context });
  const overwrite = options?.overwrite ?? false;
  const format = extname(path).toLowerCase() === ".json" ? "json" : "yaml";
  const now = new Date().toISOString();
  const read = () =>
    readFileAsDocument(path, message, context).catch((error) => {
      if (isMissing(error) || (overwrite && isUnreadable(error))) return undefined;
      throw isUnreadable(error) ? refusal(error, message, path, context) : fileFailure(message, error, context);
    });
  const text = async (existing: ValueFile | undefined) => {
    try {
      const envelope = enveloped(data, existing?.value, facts, now);
      return documentText(envelope, format, overwrite ? undefined : existing);
    } catch (error) {
      throw documentFailure(message, error, context);
    }
  };
  await inTurn(resolve(path), () =>
    inTurnOfFile(path, () => rewrite({ path, read, text, overwrite, message, context })),
  );
}

/**
 * The node in a flow file, YAML or JSON, with an envelope or without.
 *
 * @throws StorageError NOT_FOUND; SERIALIZATION_ERROR naming line and column; ACCESS_DENIED.
 */
export async function loadFlowFile<T = Plain>(path: string): Promise<T> {
  const message = `Failed to load data: ${path}`;
  const context = { operation: "load", file: path };
  try {
    return contentOf((await readFileAsDocument(path, message, context)).value) as T;
  } catch (error) {
    if (isMissing(error)) throw new StorageError(`Data not found: ${path}`, "NOT_FOUND", { cause: error, context });
    throw fileFailure(message, error, context);
  }
}
