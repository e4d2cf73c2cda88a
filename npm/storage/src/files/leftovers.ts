import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { isTemporaryName } from "./atomic-write.js";

/** How long a temporary file may be that of a save under way, in ms. */
const OLD_MS = 60 * 60 * 1000;

/** Removes what killed processes left in a folder. What cannot be looked at or removed stays: it does no harm. */
export async function removeLeftovers(folder: string, names?: readonly string[]): Promise<void> {
  try {
    for (const name of names ?? (await readdir(folder))) {
      if (!isTemporaryName(name)) continue;
      const path = join(folder, name);
      const facts = await lstat(path);
      if (facts.isFile() && Date.now() - facts.mtimeMs > OLD_MS) await rm(path, { force: true });
    }
  } catch {
    // The next look at the folder tries again.
  }
}
