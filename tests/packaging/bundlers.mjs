/**
 * The bundlers that applications use, with no more configuration than each needs to bundle for browsers at all.
 *
 * `build` gets a module's text and answers with a folder that has `index.html`, and with what the bundler complained of.
 */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What has to be installed. */
export const NEEDED = [
  "esbuild@0.28.2",
  "vite@8.3.8",
  "webpack@5.112.2",
  "rollup@4.68.7",
  "@rollup/plugin-commonjs@29.0.3",
  "@rollup/plugin-node-resolve@16.0.3",
];

/** By name: `async (project, name, text) => ({ folder, complaints })`; `name` ends in `.js`, or `.cjs` for CommonJS. */
export const BUNDLERS = { esbuild, vite, webpack, rollup };

/**
 * The files of packages that esbuild takes for a module where these conditions hold and no others.
 *
 * @returns {Promise<{ path: string, format: "esm" | "cjs" | undefined }[]>} paths below `node_modules`; no format for a file
 *   that neither imports nor exports anything
 */
export async function filesFor(project, text, conditions) {
  const { build } = await load(project, "esbuild");
  const { metafile } = await build({
    stdin: { contents: text, resolveDir: project.folder },
    absWorkingDir: project.folder,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    // Some dependencies of dependencies have no exports.
    mainFields: ["module", "main"],
    external: ["node:*", "*.wasm"],
    conditions,
    logLevel: "silent",
  });
  return Object.entries(metafile.inputs)
    .filter(([path]) => path.includes("node_modules/"))
    .map(([path, { format }]) => ({ path: path.replace(/^.*?node_modules\//, ""), format }));
}

/**
 * Vite's development server: where it listens. It bundles dependencies when they are first imported, or serves their files as
 * they are, as `optimizeDeps` says.
 */
export async function serveWithVite(t, project, name, text, optimizeDeps = {}) {
  const { createLogger, createServer } = await load(project, "vite");
  const { complaints, customLogger } = viteLog(createLogger);
  const root = site(project, "vite-dev", name, text);
  const server = await createServer({
    root,
    configFile: false,
    // What another configuration bundled must not be found here.
    cacheDir: mkdtempSync(join(root, "cache-")),
    optimizeDeps,
    customLogger,
    server: { port: 0, host: "127.0.0.1" },
  });
  t.after(() => server.close());
  await server.listen();
  return { url: `http://127.0.0.1:${server.httpServer.address().port}/index.html`, complaints };
}

async function esbuild(project, name, text) {
  const { build } = await load(project, "esbuild");
  const root = site(project, "esbuild", name, text);
  const folder = join(root, "out");
  const { warnings } = await build({
    entryPoints: [join(root, name)],
    bundle: true,
    format: "esm",
    splitting: true,
    minify: true,
    outdir: folder,
    logLevel: "silent",
  });
  page(folder, "module", name);
  return { folder, complaints: warnings.map((warning) => warning.text) };
}

async function vite(project, name, text) {
  const { build, createLogger } = await load(project, "vite");
  const { complaints, customLogger } = viteLog(createLogger);
  const root = site(project, "vite", name, text);
  // How large a chunk is, is no complaint about what was bundled.
  await build({ root, configFile: false, customLogger, build: { chunkSizeWarningLimit: Number.POSITIVE_INFINITY } });
  return { folder: join(root, "dist"), complaints };
}

async function webpack(project, name, text) {
  const compiler = (await load(project, "webpack")).default;
  const root = site(project, "webpack", name, text);
  const folder = join(root, "out");
  const options = { mode: "production", context: root, entry: `./${name}`, performance: { hints: false } };
  // Once is enough: it takes longer than all that the bundlers do together.
  if (name !== "browser.js") options.optimization = { minimize: false };
  const { errors, warnings } = await new Promise((resolve, reject) => {
    compiler({ ...options, output: { path: folder, filename: "page.js" } }, (error, stats) =>
      error ? reject(error) : resolve(stats.toJson({ all: false, errors: true, warnings: true })),
    );
  });
  page(folder, "defer", "page.js");
  return { folder, complaints: [...errors, ...warnings].map(({ message }) => message) };
}

async function rollup(project, name, text) {
  const { rollup: bundle } = await load(project, "rollup");
  const { nodeResolve } = await load(project, "@rollup/plugin-node-resolve");
  const commonjs = (await load(project, "@rollup/plugin-commonjs")).default;
  const root = site(project, "rollup", name, text);
  const folder = join(root, "out");
  const complaints = [];
  const made = await bundle({
    input: join(root, name),
    plugins: [nodeResolve({ browser: true }), commonjs()],
    onwarn: ({ code, message }) => {
      // That is about how files look, not about what they need.
      if (code !== "CIRCULAR_DEPENDENCY" && code !== "INVALID_ANNOTATION") complaints.push(message);
    },
  });
  await made.write({ dir: folder, format: "es", entryFileNames: "page.js" });
  await made.close();
  page(folder, "module", "page.js");
  return { folder, complaints };
}

function load(project, name) {
  return import(pathToFileURL(createRequire(join(project.folder, "package.json")).resolve(name)).href);
}

/** A folder for a bundler, with the module and a page that has it as it is. */
function site(project, bundler, name, text) {
  const root = join("sites", bundler, name);
  project.write(join(root, name), text);
  project.write(join(root, "index.html"), html("module", name));
  return join(project.folder, root);
}

function page(folder, kind, file) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.html"), html(kind, file.replace(/\.cjs$/, ".js")));
}

function html(kind, file) {
  const how = kind === "module" ? 'type="module"' : kind;
  return `<!doctype html>\n<title>Page</title>\n<link rel="icon" href="data:,">\n<script ${how} src="./${file}"></script>\n`;
}

function viteLog(createLogger) {
  const complaints = [];
  const note = (message) => complaints.push(message);
  const customLogger = { ...createLogger("silent"), warn: note, warnOnce: note, error: note };
  return { complaints, customLogger };
}
