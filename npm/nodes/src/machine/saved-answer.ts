/** Answers that are written to files. */
import { createHash } from "node:crypto";
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { writeAtomically } from "@atomiton/storage/files";

import { messageOf, NodeError } from "../contract/error.js";
import type { FileAccess } from "../contract/file-access.js";
import type { FileTarget, SavedFile } from "../types/http-request/files.js";
import { removeMade } from "./made-folders.js";
import { rootedPath } from "./rooted-path.js";
import { isTaken } from "./writing-over.js";

/** Where an answer is to be written, see `TransferFiles.target`. */
export async function fileTarget(
  access: FileAccess | undefined,
  path: string,
  overwrite: boolean,
): Promise<FileTarget> {
  await checkPlace(await rootedPath(access, path), path, overwrite);
  return {
    async save(pieces) {
      // Links may have changed while the server was asked.
      const place = await rootedPath(access, path);
      const folder = dirname(place);
      let made: string | undefined;
      try {
        made = await mkdir(folder, { recursive: true });
        return await writeAtomically(place, (beside, mode) => writePieces(beside, mode, pieces), {
          confirm: () => checkPlace(place, path, overwrite),
          isNew: !overwrite,
        });
      } catch (error) {
        await removeMade(folder, made);
        if (!isOfFiles(error)) throw error;
        // Another node put it there at the same moment.
        if (!overwrite && isTaken(error)) throw takenError(path);
        throw new NodeError("EXECUTION_FAILED", `\`saveTo\` cannot be written: ${path} (${messageOf(error)})`, {
          cause: error,
        });
      }
    },
  };
}

/** What is in the way: anything but a file, and a file that must stay. */
async function checkPlace(place: string, path: string, overwrite: boolean): Promise<void> {
  const facts = await stat(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new NodeError("EXECUTION_FAILED", `\`saveTo\` cannot be written: ${path} (${messageOf(error)})`, {
      cause: error,
      retry: false,
    });
  });
  if (facts?.isDirectory() || (facts === undefined && /[\\/]$/.test(path))) {
    throw refused(`\`saveTo\` is a folder: ${path}`, "Add the name of the file to the path.");
  }
  if (facts !== undefined && !facts.isFile()) {
    throw refused(`\`saveTo\` is not a file: ${path}`, "Write to the path of a file.");
  }
  if (facts !== undefined && !overwrite) {
    throw takenError(path);
  }
}

function takenError(path: string): NodeError {
  return refused(`\`saveTo\` is there already: ${path}`, "Use another path, or `overwrite: true`.");
}

async function writePieces(
  path: string,
  mode: number | undefined,
  pieces: AsyncIterable<Uint8Array>,
): Promise<SavedFile> {
  const file = await open(path, "wx", mode);
  try {
    const hash = createHash("sha256");
    let size = 0;
    for await (const piece of pieces) {
      hash.update(piece);
      await file.writeFile(piece);
      size += piece.length;
    }
    await file.sync();
    return { size, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}

/** Whether the file system failed, not the answer. */
function isOfFiles(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function refused(message: string, advice: string): NodeError {
  return new NodeError("EXECUTION_FAILED", message, { advice: [advice], retry: false });
}
