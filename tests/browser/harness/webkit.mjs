/** One WebKitGTK for a test file, over WebDriver, on a screen in memory. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { after } from "node:test";

import { findWebKitDriver, findXvfb, WEBKIT_HINT, XVFB_HINT } from "../../../scripts/other-browsers.mjs";
import { within } from "./deadline.mjs";
import { openTab } from "./tab.mjs";
import { startSession } from "./webdriver.mjs";
import { WebKitPage } from "./webkit-page.mjs";

/**
 * The browser of a test file, started when a test first needs it and closed after the last one. All pages share a profile
 * without a past; each test serves its pages from a port of its own, so that it has storage of its own.
 *
 * @returns `open(t, url, options)` as that of `createBrowser`, for pages that run {@link WATCH} first
 */
export function createWebKit() {
  let started;
  const programs = [];
  const start = async () => {
    const display = await screen(programs);
    const address = await driver(programs, display);
    return startSession(address, { "webkitgtk:browserOptions": { args: ["--automation"] } });
  };

  async function open(t, url, options = {}) {
    started ??= within(start(), "WebKitGTK to start");
    const session = await started;
    return openTab(t, { newPage: () => WebKitPage.open(session) }, url, options);
  }

  after(async () => {
    await started?.then((session) => within(session.end(), "WebKitGTK to close")).catch(() => {});
    for (const program of programs.reverse()) {
      const over = new Promise((resolve) => program.once("close", resolve));
      if (program.exitCode === null && program.kill()) await within(over, "a program to end");
    }
  });

  return { open };
}

/** Starts a screen; the name of its display. */
async function screen(programs) {
  const path = findXvfb();
  assert.ok(path !== undefined, `Xvfb not found: ${XVFB_HINT}`);
  const args = ["-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "1024x768x24"];
  const xvfb = spawn(path, args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  programs.push(xvfb);
  return `:${await firstLine(xvfb, xvfb.stdio[3])}`;
}

/** Starts the driver; its address. */
async function driver(programs, display) {
  const path = findWebKitDriver();
  assert.ok(path !== undefined, `WebKitWebDriver not found: ${WEBKIT_HINT}`);
  const port = await freePort();
  // In memory like the screen: nothing that a machine without a graphics card would lack.
  const env = { ...process.env, DISPLAY: display, GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1" };
  const program = spawn(path, [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" });
  programs.push(program);
  const address = `http://127.0.0.1:${port}`;
  let isOver = false;
  program.once("close", () => {
    isOver = true;
  });
  for (;;) {
    assert.ok(!isOver, "WebKitWebDriver ended at once");
    const ready = await fetch(`${address}/status`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return address;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The first line that a program writes; rejects when it ends before. */
function firstLine(program, stream) {
  return new Promise((resolve, reject) => {
    createInterface({ input: stream }).once("line", resolve);
    program.once("error", reject);
    program.once("close", (code) => reject(new Error(`${program.spawnfile} ended with ${code}`)));
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
