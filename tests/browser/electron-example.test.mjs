/**
 * The example of a desktop application: its own main process in a process of its own, its built page in Chromium after the
 * packages' real preload script. Electron itself is not there: what it would carry from one to the other, the test does.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "vite";

import { diagnose } from "../types/compiler.mjs";
import { startApplication } from "./electron/application.mjs";
import { createBrowser } from "./harness/index.mjs";

const EXAMPLE = fileURLToPath(new URL("../../npm/examples/electron", import.meta.url));

const browser = createBrowser();
let built;

before(async () => {
  built = mkdtempSync(join(tmpdir(), "conductor-example-"));
  await build({ root: EXAMPLE, logLevel: "error", build: { outDir: built, emptyOutDir: true } });
});

after(() => rmSync(built, { recursive: true, force: true }));

test("the window is sandboxed, shows the built page and opens no others", async (t) => {
  const application = await startApplication(t, EXAMPLE, built);
  const { path, preload, preferences, opens } = await application.window();
  assert.deepEqual(preferences, { contextIsolation: true, sandbox: true, nodeIntegration: false });
  assert.deepEqual(opens, { action: "deny" });
  assert.ok(existsSync(path), path);
  assert.match(preload, /preload-script\.cjs$/);
});

test("a flow with node types of the application's own runs in the main process, and the page follows it", async (t) => {
  const folder = folderOf(t, 25);
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await application.choose(folder);
  await page.says("Done");
  const rows = await page.rows();
  const expected = Array.from({ length: 10 }, (_, at) => [
    fileIn(folder, 25 - at),
    (1000 * (25 - at)).toLocaleString("en"),
  ]);
  assert.deepEqual(rows, expected);
  assert.deepEqual(await page.nodes(), [
    "Choose a folder: done",
    "List its files: done",
    "Largest first: done",
    "The ten largest: done",
  ]);
});

test("a person who chooses no folder is told so, and may try again", async (t) => {
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await application.choose(null);
  await page.alerts("No folder was chosen");
  await page.press("Choose a folder …");
  await application.choose(folderOf(t, 1));
  await page.says("Done");
  assert.equal((await page.rows()).length, 1);
});

test("a run that waits for a person is cancelled", async (t) => {
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await application.next("dialog");
  await page.press("Cancel");
  await page.alerts("cancelled");
  await page.tab.shows(page.tab.page.getByRole("button", { name: "Choose a folder …" }));
});

test("a window that is loaded anew goes on with its run", async (t) => {
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await page.says("Running");
  await page.tab.goto();
  await page.says("Running");
  await application.choose(folderOf(t, 3));
  await page.says("Done");
  assert.equal((await page.rows()).length, 3);
});

test("a folder that is not there fails with words, at the node that looked", async (t) => {
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await application.choose(join(tmpdir(), "no-such-folder"));
  await page.alerts(/ENOENT.*no-such-folder/);
  assert.ok((await page.nodes()).some((text) => text.startsWith("List its files: failed")));
});

test("what may not be read is left out, and the page says so", async (t) => {
  const folder = folderOf(t, 2);
  bury(folder);
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await application.choose(folder);
  await page.says("Done");
  await page.tab.shows(page.tab.page.getByText("Some of it could not be read and is left out: 1"));
  assert.equal((await page.rows()).length, 2);
});

test("the page loads no engine, and nothing from elsewhere", async (t) => {
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await application.choose(folderOf(t, 1));
  await page.says("Done");
  const { origin } = new URL(page.tab.page.url());
  const loaded = page.tab.requests.map((url) => url.replace(origin, ""));
  // What its document names, and Vite's own, which finds chunks that are loaded later: engine, user code, stores.
  const named = readFileSync(join(built, "index.html"), "utf8").matchAll(/(?:src|href)="\.?(\/assets\/[^"]+)"/g);
  const expected = ["/index.html", ...Array.from(named, ([, path]) => path)];
  assert.ok(
    expected.some((path) => /\/index-[\w-]{8}\.js$/.test(path)),
    expected.join(),
  );
  assert.deepEqual(
    loaded.filter((path) => !path.startsWith("/assets/preload-helper-")).sort(),
    expected.filter((path) => !path.startsWith("/assets/preload-helper-")).sort(),
  );
  assert.ok(!loaded.some((path) => /quickjs|script-text|durability|replay|\.wasm/.test(path)), loaded.join());
});

test("the application ends when it is quit, whatever runs", async (t) => {
  const { application, page } = await open(t);
  await page.press("Choose a folder …");
  await application.next("dialog");
  await page.tab.close();
  assert.equal(await application.quit(), 0);
});

test("the example compiles, strictly", async () => {
  assert.deepEqual(await diagnose(EXAMPLE, "tsconfig.json"), []);
});

/** The application with its window open. */
async function open(t) {
  const application = await startApplication(t, EXAMPLE, built);
  const tab = await application.open(t, browser);
  const { page } = tab;
  return {
    application,
    page: {
      tab,
      press: (name) => tab.press(page.getByRole("button", { name, exact: true })),
      says: (words) => tab.shows(page.getByRole("status").getByText(words, { exact: true })),
      alerts: (words) => tab.shows(page.getByRole("alert").getByText(words)),
      nodes: () => page.getByRole("listitem").allTextContents(),
      rows: () =>
        tab.evaluate(() =>
          [...document.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent)),
        ),
    },
  };
}

/** A folder with `count` files, of 1000, 2000, … bytes, in three folders below it. */
function folderOf(t, count) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-files-"));
  // Node removes by whole paths, which may be too long for it.
  t.after(() => execFileSync("rm", ["-rf", folder]));
  for (const name of ["0", "1", "2"]) mkdirSync(join(folder, name));
  for (let number = 1; number <= count; number++) writeFileSync(fileIn(folder, number), Buffer.alloc(1000 * number));
  return folder;
}

/** Puts folders one in the other until a path is too long for the system: not even root may read the last. */
function bury(folder) {
  const here = process.cwd();
  process.chdir(folder);
  for (let depth = 0; depth < 20; depth++) {
    mkdirSync("d".repeat(250));
    process.chdir("d".repeat(250));
  }
  process.chdir(here);
}

function fileIn(folder, number) {
  return join(folder, String(number % 3), `file ${number}`);
}
