/** Reading a file whole, but never more of it than a limit. */
import { isUtf8 } from "node:buffer";
import { type FileHandle, open, stat } from "node:fs/promises";

/** The name that stands for standard input. */
export const STANDARD_INPUT = "-";

/** A text that is too long, or no text. */
export type Unreadable = { found: number | "more" } | { found: "bytes that are not UTF-8" };

/**
 * The text of a regular file, of a pipe, or of standard input. At most one byte more than the limit is read, and nothing of a
 * file that says it has more. Rejects with the error of the file system, or for what has no end or no content: a folder, a
 * device, a socket.
 */
export async function readText(file: string, limit: number): Promise<string | Unreadable> {
  const bytes = file === STANDARD_INPUT ? await fromStandardInput(limit) : await fromFile(file, limit);
  if (!Buffer.isBuffer(bytes)) return bytes;
  return isUtf8(bytes) ? bytes.toString("utf8") : { found: "bytes that are not UTF-8" };
}

async function fromStandardInput(limit: number): Promise<Buffer | Unreadable> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    // Leaving the loop closes the stream.
    if (length > limit) return { found: "more" };
  }
  return Buffer.concat(pieces);
}

async function fromFile(file: string, limit: number): Promise<Buffer | Unreadable> {
  // Looked at before it is opened: to open a device may do something.
  checkKind(await stat(file), file);
  const handle = await open(file);
  try {
    const facts = await handle.stat();
    checkKind(facts, file);
    if (facts.isFile() && facts.size > limit) return { found: facts.size };
    return await upTo(limit, handle);
  } finally {
    await handle.close();
  }
}

async function upTo(limit: number, handle: FileHandle): Promise<Buffer | Unreadable> {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length <= limit) {
    const piece = Buffer.allocUnsafe(Math.min(64 * 1024, limit + 1 - length));
    const { bytesRead } = await handle.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
  }
  return { found: "more" };
}

function checkKind(facts: { isFile(): boolean; isFIFO(): boolean; isDirectory(): boolean }, file: string): void {
  if (facts.isFile() || facts.isFIFO()) return;
  const kind = facts.isDirectory() ? "a folder" : "a device or a socket";
  throw new Error(`${file} is ${kind}, not a file; "${STANDARD_INPUT}" reads standard input`);
}
