import { KeyedMutex } from "@atomiton/values";
import { folded, realPath } from "./containment.js";

const mutex = new KeyedMutex();

/**
 * Does work on a key or a path when all work on it that this process began before is over, however it ended. What differs in
 * case only has one turn: the file system may hold it for the same.
 *
 * @param name told from others by its text; it may begin work {@link inTurnOfFile}, but none on names
 */
export function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  return mutex.run(`name ${folded(name)}`, work);
}

/** As {@link inTurn}, for a file under all its names: those of other folders, engines, and links. */
export async function inTurnOfFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  const file = await realPath(path).catch(() => path);
  return mutex.run(`file ${folded(file)}`, work);
}
