// A plugin for Rolldown (tsdown) and Vite (vitest) that puts a script into a module as text.
//
//   import script from "./worker.ts?script";
//   new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
//
// The entry and all that it imports become one minified classic script, so that a package can start a worker without a
// second file that a bundler would have to find. TypeScript is told with
// `declare module "*?script" { const text: string; export default text; }`.
import { rolldown } from "rolldown";

import { inlined } from "./inlined.mjs";

/**
 * Gives modules imported as `<path>?script` the text of the bundled script as their default export.
 *
 * @param {object} [options]
 * @param {object[]} [options.plugins] plugins that the script's own imports need
 * @param {string} [options.target] the oldest language that the script is written in, `es2022` by default
 */
export function inlineScript({ plugins = [], target = "es2022" } = {}) {
  return inlined("script", (file) => bundle(file, plugins, target));
}

async function bundle(input, plugins, target) {
  const build = await rolldown({
    input,
    plugins,
    platform: "browser",
    transform: { target },
    // A classic script has no `import.meta`, and code that needs it there would find nothing of use.
    onLog(level, log, tell) {
      if (log.code !== "EMPTY_IMPORT_META") tell(level, log);
    },
  });
  try {
    const { output } = await build.generate({ format: "iife", minify: true, codeSplitting: false });
    const [{ code, modules }] = output;
    return { text: code, files: Object.keys(modules).filter((file) => !file.startsWith("\0")) };
  } finally {
    await build.close();
  }
}
