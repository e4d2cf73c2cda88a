/** Scripts for pages, bundled as an application's bundler would do it: no alias, no polyfill, no plugin. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { build } from "esbuild";

import { ROOT } from "../../../scripts/command.mjs";
import { atEnd } from "./endings.mjs";

const done = new Map();

/**
 * Bundles a script for a page.
 *
 * @param {string | { path: string }} source the script's text, whose imports are resolved as from the checkout's root,
 *   or the file that has it
 * @param {{ format?: "esm" | "iife", minify?: boolean, define?: Record<string, string> }} options `define` puts text in
 *   the place of expressions such as `process.env.NAME`
 * @returns {Promise<string>} rejects with esbuild's messages when something cannot be resolved, which an import of a
 *   module of Node's is
 */
export function bundle(source, { format = "esm", minify = false, define = {} } = {}) {
  const key = JSON.stringify([source, format, minify, define]);
  if (!done.has(key)) done.set(key, bundled(source, { format, minify, define }));
  return done.get(key);
}

/**
 * The files of a page that runs `source` as a module: for {@link serve}. `first`: a classic script that runs before it.
 */
export async function pageFiles(source, { first, ...options } = {}) {
  const scripts = `${first === undefined ? "" : '<script src="/first.js"></script>'}<script type="module" src="/page.js"></script>`;
  return {
    "/index.html": html(scripts),
    "/page.js": await bundle(source, options),
    ...(first !== undefined && { "/first.js": first }),
  };
}

/** The address of a page on disk that runs `source`: a classic script, as `file://` allows no modules. */
export async function filePage(t, source, options) {
  const folder = await mkdtemp(join(tmpdir(), "conductor-page-"));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "page.js"), await bundle(source, { ...options, format: "iife" }));
  await writeFile(join(folder, "index.html"), html('<script src="page.js"></script>'));
  return pathToFileURL(join(folder, "index.html")).href;
}

async function bundled(source, options) {
  const entry =
    typeof source === "string"
      ? { stdin: { contents: source, resolveDir: ROOT, sourcefile: "page.js", loader: "js" } }
      : { entryPoints: [source.path] };
  const { outputFiles } = await build({
    ...entry,
    ...options,
    bundle: true,
    write: false,
    platform: "browser",
    target: "es2022",
    sourcemap: false,
    logLevel: "silent",
    absWorkingDir: ROOT,
  });
  return outputFiles[0].text;
}

function html(script) {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Page</title></head><body>${script}</body></html>\n`;
}
