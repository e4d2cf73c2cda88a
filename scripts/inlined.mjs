// What plugins for Rolldown (tsdown) and Vite (vitest) that put text into a module have in common.
import { dirname, resolve } from "node:path";

/**
 * Gives modules imported as `<path>?<kind>` a text as their default export.
 *
 * @param {string} kind what stands behind the question mark
 * @param {(file: string) => Promise<{ text: string, files: readonly string[] }>} read the text, and the files that it is made of
 * @returns {{ name: string, enforce: "pre", resolveId: Function, load: Function }}
 */
export function inlined(kind, read) {
  const suffix = `?${kind}`;
  // Marks a module as this plugin's, so that no other plugin looks for it on disk.
  const prefix = `\0${kind}:`;
  return {
    name: `inline-${kind}`,
    enforce: "pre",
    resolveId(source, importer) {
      if (!source.endsWith(suffix) || importer === undefined) return undefined;
      return prefix + resolve(dirname(importer), source.slice(0, -suffix.length));
    },
    async load(id) {
      if (!id.startsWith(prefix)) return undefined;
      const { text, files } = await read(id.slice(prefix.length));
      for (const file of files) this.addWatchFile(file);
      return { code: `export default ${JSON.stringify(text)};`, moduleType: "js", map: null };
    },
  };
}
