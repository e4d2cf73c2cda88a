import { loadedOnce } from "@atomiton/values";
import type { Platform } from "../library/platform.js";
import { createPageSandbox, type LoadQuickJs } from "./page-sandbox.js";
import type { LoadTypeScript } from "./typescript.js";

/** A web page: no files, no native tables, user code in QuickJS. */
export function createPage(quickJs: LoadQuickJs, typeScript: LoadTypeScript): Platform {
  const loaded = loadedOnce(async () => (await import("./typescript.js")).pageTypeScript(typeScript));
  return {
    sandbox: createPageSandbox(quickJs),
    typescript: async () => (await loaded())(),
  };
}
