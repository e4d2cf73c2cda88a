import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Removes a folder and those around it which were made for it, as far as they are empty.
 *
 * @param first what `mkdir` said was the first folder that it made; `undefined` where it made none
 */
export async function removeMade(folder: string, first: string | undefined): Promise<void> {
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) {
    const isGone = await rmdir(made).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
  }
}
