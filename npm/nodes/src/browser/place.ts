import type { Place } from "../library/place.js";
import { createPageSandbox, type LoadQuickJs } from "./page-sandbox.js";
import type { LoadTypeScript } from "./typescript.js";

/** A web page: no files, no native tables, user code in QuickJS. */
export function createPage(quickJs: LoadQuickJs, typeScript: LoadTypeScript): Place {
  let loaded: Promise<Place["typescript"]> | undefined;
  return {
    sandbox: createPageSandbox(quickJs),
    async typescript() {
      loaded ??= import("./typescript.js")
        .then(({ pageTypeScript }) => pageTypeScript(typeScript))
        .catch((error) => {
          // What could not be loaded may be the next time.
          loaded = undefined;
          throw error;
        });
      return (await loaded)();
    },
  };
}
