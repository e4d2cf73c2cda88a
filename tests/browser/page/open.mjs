/** Opens pages that have the entry of browsers. */

import { fileURLToPath } from "node:url";

import { pageFiles, serve } from "../harness/index.mjs";

const SCRIPT = { path: fileURLToPath(new URL("script.js", import.meta.url)) };

/**
 * Opens a page with what `script.js` puts on its window.
 *
 * @param {{ open: Function }} browser
 * @param {import("node:test").TestContext} t
 * @param {object} options those of `browser.open`, and `site`, those of `serve`
 */
export async function openConductor(browser, t, { site = {}, ...options } = {}) {
  const { url } = await serve(t, { ...site, files: await pageFiles(SCRIPT) });
  return browser.open(t, url, options);
}
