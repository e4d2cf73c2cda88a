import { rmdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Removes a folder and those around it which were made for it, as far as they are empty.
 *
 * @param first what `mkdir` said was the first folder that it made; `undefined` where it made none
 */
export async function removeMade(folder: string, first: string | undefined): Promise<void> {
  if (first === undefined) return;
  const outermost = resolve(first);
  for (let made = resolve(folder); made.length >= outermost.length; made = dirname(made)) {
    const isGone = await rmdir(made).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
  }
}
