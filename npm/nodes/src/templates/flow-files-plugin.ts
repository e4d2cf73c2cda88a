/** Bundles flow files as data, so that templates need no file system and no parser where they are used. */
import { parse } from "yaml";

import { checkTemplate } from "./flow-file.js";

/** The part of a plugin that Rolldown, Rollup and Vite share. */
interface BundlerPlugin {
  name: string;
  transform: { filter: { id: RegExp }; handler(text: string, id: string): { code: string; moduleType: "js" } };
}

/**
 * Turns each imported `*.flow.yaml` into a module whose default export is the flow. Bundling ends at a file that is no
 * flow, with the file's name and what is wrong with it.
 */
export function flowFiles(): BundlerPlugin {
  return {
    name: "flow-files",
    transform: {
      filter: { id: /\.flow\.yaml$/ },
      handler: (text, id) => ({ code: `export default ${JSON.stringify(readTemplate(text, id))};`, moduleType: "js" }),
    },
  };
}

function readTemplate(text: string, file: string): unknown {
  try {
    const flow: unknown = parse(text);
    checkTemplate(flow);
    return flow;
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
