import { messageOf } from "@atomiton/values";
import type { FileFormat } from "../engine.js";
import { StorageError } from "../error.js";
import { isPlainObject, NotPlain, type Plain, type PlainObject, plainData } from "./plain.js";

/** The data as it will be stored. @throws StorageError SERIALIZATION_ERROR naming the place in the data. */
export function writable(data: unknown, key: string): Plain {
  try {
    return plainData(data);
  } catch (error) {
    const detail = messageOf(error);
    const path = error instanceof NotPlain ? { path: error.path } : {};
    throw new StorageError(`Failed to save data: ${key}: ${detail}`, "SERIALIZATION_ERROR", {
      cause: error,
      context: { key, operation: "save", ...path },
    });
  }
}

/** The metadata of a save as it will be stored. @throws StorageError SERIALIZATION_ERROR for what is no object. */
export function writableMetadata(metadata: unknown, key: string): PlainObject {
  const value = writable(metadata ?? {}, key);
  if (isPlainObject(value)) return value;
  throw new StorageError(`Failed to save data: ${key}: the metadata must be an object`, "SERIALIZATION_ERROR", {
    context: { key, operation: "save", path: "metadata" },
  });
}

/** Callers without types may give anything as a prefix. */
export function checkPrefix(prefix: unknown): asserts prefix is string {
  if (typeof prefix === "string") return;
  throw new StorageError(`A prefix must be text, found ${typeof prefix}`, "UNSUPPORTED_OPERATION", {
    context: { operation: "list" },
  });
}

/** Callers without types may give anything as a key. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key === "string") return;
  throw new StorageError(`A key must be text, found ${typeof key}`, "UNSUPPORTED_OPERATION", {
    context: { operation: "save" },
  });
}

/** Callers without types may give anything as the format of files. */
export function checkFormat(format: unknown): asserts format is FileFormat | undefined {
  if (format === undefined || format === "yaml" || format === "compatible") return;
  throw new StorageError(`Unknown format: ${String(format)}; there are yaml and compatible`, "UNSUPPORTED_OPERATION");
}
