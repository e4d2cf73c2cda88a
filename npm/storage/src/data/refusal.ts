import { StorageError } from "../error.js";
import { NotPlain, type Plain, plainData } from "./plain.js";

/** The data as it will be stored. @throws StorageError SERIALIZATION_ERROR naming the place in the data. */
export function writable(data: unknown, key: string): Plain {
  try {
    return plainData(data);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const path = error instanceof NotPlain ? { path: error.path } : {};
    throw new StorageError(`Failed to save data: ${key}: ${detail}`, "SERIALIZATION_ERROR", {
      cause: error,
      context: { key, operation: "save", ...path },
    });
  }
}

/** Callers without types may give anything as a key. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key === "string") return;
  throw new StorageError(`A key must be text, found ${typeof key}`, "UNSUPPORTED_OPERATION", {
    context: { operation: "save" },
  });
}
