import { messageOf, NodeError } from "../contract/error.js";

/**
 * A package that only one type of node needs, and that is therefore installed by those who use it.
 *
 * @param load imports it
 * @throws NodeError EXECUTION_FAILED where it is not installed, with what to do
 */
export async function optionalPackage<T>(name: string, type: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    if (!isMissing) throw error;
    throw new NodeError(
      "EXECUTION_FAILED",
      `${type} needs the package ${name} (npm install ${name}), which cannot be loaded: ${messageOf(error).split("\n")[0]}`,
      { cause: error, advice: [`npm install ${name}`], retry: false },
    );
  }
}
