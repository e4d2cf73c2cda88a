/** One Firefox for a test file, over WebDriver BiDi. */

import assert from "node:assert/strict";
import { after } from "node:test";

import { launch } from "puppeteer-core";

import { FIREFOX_HINT, findFirefox } from "../../../scripts/other-browsers.mjs";
import { PATIENCE, within } from "./deadline.mjs";
import { atEnd } from "./endings.mjs";
import { openTab } from "./tab.mjs";

/**
 * The browser of a test file, started when a test first needs it and closed after the last one.
 *
 * @returns `context(t)` and `open(t, url, options)` as those of `createBrowser`
 */
export function createFirefox() {
  let browser;
  const start = () => {
    browser ??= within(launch(settings()), "Firefox to start");
    return browser;
  };

  async function context(t) {
    const made = await within((await start()).createBrowserContext(), "a fresh profile");
    atEnd(t, () => within(made.close(), "a profile to close"));
    return { newPage: async () => likePlaywright(await made.newPage()) };
  }

  async function open(t, url, options = {}) {
    return openTab(t, options.context ?? (await context(t)), url, options);
  }

  after(async () => {
    if (browser !== undefined) await within((await browser).close(), "Firefox to close");
  });

  return { open, context };
}

function settings() {
  const executablePath = findFirefox();
  assert.ok(executablePath !== undefined, `Firefox not found: ${FIREFOX_HINT}`);
  return { browser: "firefox", executablePath, headless: true, timeout: PATIENCE, protocolTimeout: PATIENCE };
}

/** Puppeteer's page, with the two calls of a tab that it has in another form. */
function likePlaywright(page) {
  const waitForFunction = page.waitForFunction.bind(page);
  return Object.assign(page, {
    waitForFunction: (condition, argument, options) => waitForFunction(condition, options, argument),
    addInitScript: (script) => page.evaluateOnNewDocument(script),
  });
}
