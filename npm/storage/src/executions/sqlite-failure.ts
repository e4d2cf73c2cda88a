/** Failures of the addon as those of the storage package. */
import { NativeError, nativeError } from "@atomiton/conductor-native";

import { StorageError, type StorageErrorCode } from "../error.js";

/** What the addon threw in an operation on a file, as a StorageError. */
export function failure(operation: string, file: string, thrown: unknown): StorageError {
  if (thrown instanceof StorageError) return thrown;
  const error = nativeError(thrown);
  const { message } = error as Error;
  const code = error instanceof NativeError ? (error.code as StorageErrorCode) : "UNSUPPORTED_OPERATION";
  return new StorageError(message, code, { cause: thrown, context: { operation, file } });
}
