/** Files over HTTP on this machine, with the headers that a test wants. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

import { within } from "./deadline.mjs";
import { atEnd } from "./endings.mjs";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Serves files until the test ends, on a port that the system chooses.
 *
 * @param {import("node:test").TestContext} t
 * @param {object} options
 * @param {Record<string, string | Uint8Array>} [options.files] contents by path, such as `"/page.js"`
 * @param {string} [options.folder] where files come from that `files` does not have
 * @param {string} [options.csp] a content security policy for every answer
 * @param {boolean} [options.isolated] whether pages are cross-origin isolated (COOP, COEP); they are not by default
 * @param {Record<string, string>} [options.headers] further headers of every answer
 * @returns {Promise<{ url: string, origin: string, requests: string[] }>} `url` is that of `/index.html`, `requests`
 *   are the paths asked for so far
 */
export async function serve(t, { files = {}, folder, csp, isolated = false, headers = {} } = {}) {
  const fixed = {
    "cache-control": "no-store",
    ...(csp === undefined ? {} : { "content-security-policy": csp }),
    ...(isolated
      ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
      : {}),
    ...headers,
  };
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (path === "/favicon.ico") return response.writeHead(204).end();
    requests.push(path);
    const name = path.endsWith("/") ? `${path}index.html` : path;
    const content = Object.hasOwn(files, name) ? files[name] : await readFrom(folder, name);
    if (content === undefined) return response.writeHead(404, fixed).end();
    const type = TYPES[extname(name)] ?? "application/octet-stream";
    return response.writeHead(200, { "content-type": type, ...fixed }).end(content);
  });
  await within(new Promise((resolve) => server.listen(0, "127.0.0.1", resolve)), "the site to listen");
  atEnd(t, () => {
    server.closeAllConnections();
    return within(new Promise((resolve) => server.close(resolve)), "the site to close");
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { url: `${origin}/index.html`, origin, requests };
}

async function readFrom(folder, name) {
  if (folder === undefined) return undefined;
  const path = normalize(join(folder, name));
  if (!path.startsWith(normalize(folder + sep))) return undefined;
  return readFile(path).catch(() => undefined);
}
