/** Chromium with the pages that are measured, served from this process. */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { chromium } from "playwright-core";

import { CHROMIUM_ARGUMENTS, CHROMIUM_HINT, findChromium } from "../../../scripts/chromium.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** The scripts by the names of their pages: one for each subject that runs a flow at once, one that has both. */
const SCRIPTS = {
  floor: 'import { runFirst } from "./first.js"; import { prepare } from "./floor.js"; runFirst(prepare);',
  conductor: 'import { runFirst } from "./first.js"; import { prepare } from "./conductor.js"; runFirst(prepare);',
  turns: 'import "./turns.js";',
};

/** Only a page that is isolated from others gets a clock of 5 µs; otherwise it is 100 µs. */
const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const html = (name) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Bench</title><script type="module" src="${name}.js"></script></html>`;

export class Browser {
  #chromium;
  #server;
  #address;

  /** @returns {string | undefined} why nothing can be measured on this machine */
  static missing() {
    return findChromium() === undefined ? `Chromium not found: ${CHROMIUM_HINT}` : undefined;
  }

  async start() {
    const files = new Map();
    for (const [name, source] of Object.entries(SCRIPTS)) {
      files.set(`/${name}`, ["text/html", html(name)]);
      files.set(`/${name}.js`, ["text/javascript", await bundled(source)]);
    }
    this.#server = createServer(({ url }, response) => {
      const [type, body] = files.get(url) ?? [];
      response.writeHead(body === undefined ? 404 : 200, { ...HEADERS, "Content-Type": type ?? "text/plain" });
      response.end(body);
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#address = `http://127.0.0.1:${this.#server.address().port}/`;
    this.#chromium = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGUMENTS });
  }

  /**
   * Opens a page in a profile of its own, so that no code is cached, and waits until its script has done its part.
   *
   * @param {keyof typeof SCRIPTS} name
   */
  async open(name) {
    const context = await this.#chromium.newContext();
    const page = await context.newPage();
    const broken = new Promise((_, reject) => page.on("pageerror", reject));
    await page.addInitScript(keepInstances);
    await Promise.race([this.#load(page, name), broken]);
    return page;
  }

  async #load(page, name) {
    await page.goto(`${this.#address}${name}`);
    await page.waitForFunction(() => (window.first ?? window.timeRuns) !== undefined);
  }

  async stop() {
    await this.#chromium?.close();
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

/** Memory of a page after a garbage collection, in bytes: the heap, what it holds outside of it, and memory of modules. */
export async function memoryOf(page) {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send("HeapProfiler.enable");
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize = 0 } = await session.send("Runtime.getHeapUsage");
    const modules = await page.evaluate(() =>
      window.instances.reduce((sum, { exports }) => sum + (exports.memory?.buffer.byteLength ?? 0), 0),
    );
    return { heap: usedSize, outside: backingStorageSize, modules };
  } finally {
    await session.detach();
  }
}

/** Runs before the page's script: keeps the instances of modules, to look at their memory. */
function keepInstances() {
  window.instances = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(...given) {
      super(...given);
      window.instances.push(this);
    }
  };
}

/** As an application's bundler would do it. */
async function bundled(source) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: FOLDER, loader: "js" },
    banner: { js: "window.scriptStart = performance.now();" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  return outputFiles[0].contents;
}
