import { StorageError, type StorageErrorCode, type StorageErrorContext } from "../error.js";

const CODES: Readonly<Record<string, StorageErrorCode>> = {
  ENOSPC: "STORAGE_FULL",
  EDQUOT: "QUOTA_EXCEEDED",
  EFBIG: "QUOTA_EXCEEDED",
  EACCES: "ACCESS_DENIED",
  EPERM: "ACCESS_DENIED",
  EROFS: "ACCESS_DENIED",
  ENAMETOOLONG: "UNSUPPORTED_OPERATION",
};

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large for the file system",
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the path is too long for the file system",
  ELOOP: "links lead in a circle",
  ENOTDIR: "a part of the path is a file, not a folder",
  EMFILE: "too many files are open",
};

/** A failure of the file system as the failure of an operation. Those that are a `StorageError` already stay as they are. */
export function fileFailure(message: string, error: unknown, context: StorageErrorContext): StorageError {
  if (error instanceof StorageError) return error;
  const { code = "", path, message: detail } = error as NodeJS.ErrnoException;
  const where = context.file ?? path;
  const reason = REASONS[code] ?? detail ?? String(error);
  return new StorageError(
    `${message}: ${reason}${where === undefined ? "" : ` (${where})`}`,
    CODES[code] ?? "ACCESS_DENIED",
    { cause: error, context: where === undefined ? context : { ...context, file: where } },
  );
}

/** Whether the file system says that there is nothing at a path. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Whether the file system says that links lead in a circle. */
export function isCircle(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ELOOP";
}
