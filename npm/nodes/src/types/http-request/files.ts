/** What a place does with files for `http-request`; a page has none. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";

/** Bytes, or a file that is read when they are sent. */
export type Piece = Uint8Array<ArrayBuffer> | { path: string; size: number };

/** Files of a machine. */
export interface TransferFiles {
  /**
   * Where a file is, and the bytes that it has.
   *
   * @throws NodeError EXECUTION_FAILED naming the parameter, where there is no such file or it cannot be read;
   *   INVALID_PARAMETERS where the owner of the conductor does not let nodes read it
   */
  find(path: string, parameter: string): Promise<{ path: string; size: number }>;
  /** Pieces one after the other; files are read as they are sent. */
  stream(pieces: readonly Piece[]): ReadableStream<Uint8Array>;
  /**
   * Looks at where an answer is to be written.
   *
   * @throws NodeError INVALID_PARAMETERS where the owner of the conductor does not let nodes write there; EXECUTION_FAILED for a
   *   folder, and for a file that is there and must not be replaced
   */
  target(path: string, overwrite: boolean): Promise<FileTarget>;
}

/** Where an answer is written. */
export interface FileTarget {
  /**
   * Writes pieces to the file as they come: all of them or nothing, also of a file that was there before.
   *
   * @throws what the pieces fail with; NodeError EXECUTION_FAILED where the file cannot be written
   */
  save(pieces: AsyncIterable<Uint8Array>): Promise<SavedFile>;
}

/** A file that was written. */
export interface SavedFile {
  /** Bytes. */
  size: number;
  /** SHA-256 of its content, as hexadecimal digits. */
  sha256: string;
}

/** @throws NodeError NO_TRANSPORT where there are no files, as in a page */
export function filesHere(files: TransferFiles | undefined): TransferFiles {
  if (files !== undefined) return files;
  throw new NodeError("NO_TRANSPORT", "A page has no files: run this flow on a server or in the desktop application");
}

/**
 * A file to be sent.
 *
 * @throws NodeError INVALID_PARAMETERS, EXECUTION_FAILED or NO_TRANSPORT
 */
export async function filePiece(
  path: unknown,
  parameter: string,
  mayName: boolean,
  files: TransferFiles | undefined,
): Promise<Piece> {
  if (typeof path !== "string" || path === "") throw refused(parameter, "must be the path of a file", path);
  if (!mayName) {
    throw new NodeError("INVALID_PARAMETERS", `\`${parameter}\` came over an edge; only parameters may name files`);
  }
  return filesHere(files).find(path, parameter);
}

/** The failure of a parameter that is something else. */
export function refused(name: string, rule: string, value: unknown): NodeError {
  return new NodeError("INVALID_PARAMETERS", `\`${name}\` ${rule}, found ${foundText(value)}`);
}
