/** The site of the storage tests. */

import { fileURLToPath } from "node:url";

import { pageFiles, serve } from "../harness/index.mjs";

/** The script of the page: see there for what tests find on its window. */
export const PAGE = { path: fileURLToPath(new URL("page.js", import.meta.url)) };

/** Nothing but scripts of the site: no `eval`, nothing inline. */
const CSP = "default-src 'none'; script-src 'self'; worker-src 'self'";

/** Serves the page, and further files beside it, until the test ends. */
export async function site(t, files = {}) {
  return serve(t, { files: { ...(await pageFiles(PAGE)), ...files }, csp: CSP });
}
