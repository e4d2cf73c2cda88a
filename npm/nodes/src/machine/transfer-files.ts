/** Files that go out in requests, and those that answers become. */
import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { Readable } from "node:stream";

import { NodeError } from "../contract/error.js";
import type { FileAccess } from "../contract/file-access.js";
import type { Piece, TransferFiles } from "../types/http-request/files.js";
import { unreadableFile } from "./missing-path.js";
import { rootedPath } from "./rooted-path.js";
import { fileTarget } from "./saved-answer.js";

/** Files as Node has them, as far as the owner of the conductor lets nodes read them. */
export const transferFiles = (files: FileAccess | undefined): TransferFiles => ({
  async find(path, parameter) {
    const place = await rootedPath(files, path);
    try {
      const facts = await stat(place);
      if (!facts.isFile()) throw new NodeError("EXECUTION_FAILED", `\`${parameter}\` is not a file: ${path}`);
      await access(place, constants.R_OK);
      return { path: place, size: facts.size };
    } catch (error) {
      if (error instanceof NodeError) throw error;
      throw await unreadableFile(parameter, path, error);
    }
  },
  target: (path, overwrite) => fileTarget(files, path, overwrite),
  stream: (pieces) => Readable.toWeb(Readable.from(bytesOf(pieces))) as ReadableStream<Uint8Array>,
});

async function* bytesOf(pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    // As many bytes as were announced: a file that grows meanwhile is sent as it was.
    else if (piece.size > 0) yield* createReadStream(piece.path, { end: piece.size - 1 });
  }
}
