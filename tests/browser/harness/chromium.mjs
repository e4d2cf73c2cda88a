/** One Chromium for a test file, with a fresh profile for every test. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { chromium } from "playwright-core";

import { CHROMIUM_ARGUMENTS, CHROMIUM_HINT, findChromium } from "../../../scripts/chromium.mjs";
import { PATIENCE, within } from "./deadline.mjs";
import { atEnd } from "./endings.mjs";
import { openTab } from "./tab.mjs";

/**
 * The browser of a test file, started when a test first needs it and closed after the last one.
 *
 * @returns `open(t, url, options)` opens a page in a profile of its own ({@link openTab}; several pages share a profile
 *   through `options.context`); `context(t, options)` makes such a profile, `options` as playwright's `newContext`;
 *   `persistent(t, folder?)` starts a browser of its own whose profile is kept in `folder`, to be closed with
 *   `context.close()` and started again from the same folder
 */
export function createBrowser() {
  let browser;
  const start = () => {
    browser ??= within(chromium.launch(settings()), "Chromium to start");
    return browser;
  };

  async function context(t, options = {}) {
    const made = await within((await start()).newContext(options), "a fresh profile");
    return prepared(t, made);
  }

  async function persistent(t, folder) {
    const place = folder ?? (await profileFolder(t));
    const made = await within(chromium.launchPersistentContext(place, settings()), "Chromium to start with a profile");
    return prepared(t, made);
  }

  async function open(t, url, options = {}) {
    return openTab(t, options.context ?? (await context(t)), url, options);
  }

  after(async () => {
    if (browser !== undefined) await within((await browser).close(), "Chromium to close");
  });

  return { open, context, persistent };
}

/** An empty folder for the profile of a persistent browser, removed after the test. */
export async function profileFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "conductor-profile-"));
  atEnd(t, () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

function settings() {
  const executablePath = findChromium();
  assert.ok(executablePath !== undefined, `Chromium not found: ${CHROMIUM_HINT}`);
  return { executablePath, args: CHROMIUM_ARGUMENTS, timeout: PATIENCE };
}

function prepared(t, context) {
  context.setDefaultTimeout(PATIENCE);
  atEnd(t, () => within(context.close(), "a profile to close"));
  return context;
}
