/**
 * `node scripts/pictures.mjs`: records the pictures of the README anew, in `docs/pictures`: what `conductor run` writes to a
 * terminal, and the web example in the middle of a run. Both are of the examples as they are.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stdout } from "node:process";

import { startApi } from "../examples/flights/api.mjs";
import { CHROMIUM_ARGUMENTS, findChromium } from "./chromium.mjs";
import { ROOT, run } from "./command.mjs";
import { setupOrExit } from "./setup.mjs";
import { terminalPicture } from "./terminal-picture.mjs";

const PICTURES = join(ROOT, "docs", "pictures");
const FLOW = "examples/flights/flights.flow.yaml";
const TERMINAL = { columns: 90, rows: 50 };
const PAGE = { width: 1240, height: 640 };

await setupOrExit({ withWasm: true, withBrowser: true });
mkdirSync(PICTURES, { recursive: true });
await record("terminal.svg", terminal);
await record("page.png", page);

async function record(name, work) {
  const content = await work();
  writeFileSync(join(PICTURES, name), content);
  stdout.write(`docs/pictures/${name}: ${(content.length / 1024).toFixed(0)} KiB\n`);
}

/** A run of an example on a service that hangs up at every third request, on a pseudo terminal of util-linux. */
async function terminal() {
  const api = await startApi({ port: 0 });
  const conductor = `'${process.execPath}' npm/conductor/bin/conductor.js run ${FLOW} --var api=${api.url}`;
  const script = `stty cols ${TERMINAL.columns} rows ${TERMINAL.rows}; exec ${conductor}`;
  const { ok, output } = await run("script", ["-qec", script, "/dev/null"], {
    env: { TERM: "xterm-256color", FORCE_COLOR: "1" },
  });
  api.stop();
  if (!ok) throw new Error(output);
  return terminalPicture(`\x1b[2m$\x1b[22m npx conductor run ${FLOW}\n${output.trimEnd()}`);
}

/** The web example while one of three slow nodes is done and two are at work. */
async function page() {
  // Only this needs them: npm has installed them by now.
  const { build, preview } = await import("vite");
  const { chromium } = await import("playwright-core");
  const root = join(ROOT, "npm", "examples", "web");
  const outDir = mkdtempSync(join(tmpdir(), "conductor-pictures-"));
  await build({ root, logLevel: "error", build: { outDir, emptyOutDir: true } });
  const server = await preview({ root, build: { outDir }, preview: { host: "127.0.0.1", port: 0 }, logLevel: "error" });
  const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGUMENTS });
  try {
    const tab = await browser.newPage({ viewport: PAGE, colorScheme: "light" });
    await tab.goto(server.resolvedUrls.local[0]);
    await tab.getByRole("button", { name: "Run", exact: true }).click();
    await tab.getByRole("group", { name: /^Calendar, .* Done/ }).waitFor();
    await tab.getByRole("group", { name: /^News, .* Running/ }).waitFor();
    return await tab.screenshot({ type: "png", animations: "disabled" });
  } finally {
    await browser.close();
    await server.close();
    rmSync(outDir, { recursive: true, force: true });
  }
}
