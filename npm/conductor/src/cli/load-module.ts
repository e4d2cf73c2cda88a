/** Modules of a project, in JavaScript or TypeScript. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "@atomiton/values";
import { UsageError } from "./exit.js";

const TYPESCRIPT = new Set([".ts", ".mts", ".cts"]);

/** The exports of a module. @throws UsageError for a missing module, or one that fails while it is loaded */
export async function loadModule(file: string): Promise<Record<string, unknown>> {
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}`);
  const load = TYPESCRIPT.has(extname(file)) ? typeScriptLoader(file) : byNode;
  try {
    const loaded = await load(file);
    return { ...loaded };
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${messageOf(error)}`);
  }
}

type Load = (file: string) => Promise<Record<string, unknown>>;

const byNode: Load = (file) => import(pathToFileURL(file).href);

/** Node itself where it takes types away, else jiti of the project. */
function typeScriptLoader(file: string): Load {
  const { typescript } = process.features as { typescript?: unknown };
  if (typescript) return byNode;
  for (const from of [file, import.meta.url]) {
    try {
      const { createJiti } = createRequire(from)("jiti") as { createJiti(from: string): { import: Load } };
      return (path) => createJiti(path).import(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new UsageError(
    `${file} is TypeScript, which Node ${process.versions.node} does not read by itself: ` +
      "install jiti beside it (npm install --save-dev jiti), or use Node 22.18 or newer",
  );
}
