import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";

/** What is at a path; `undefined` where there is nothing. With `lstat`, a link itself. */
export async function factsOf(path: string, look: (path: string) => Promise<Stats> = stat): Promise<Stats | undefined> {
  return look(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}
