/** A page under test: what it answers, what it asked for, what it complained of. */

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

import { PATIENCE, within } from "./deadline.mjs";
import { atEnd } from "./endings.mjs";

/**
 * Opens a page and waits until it has loaded. The test fails when the page leaves an error uncaught or writes one to
 * its console, unless `allowed` has a pattern that fits.
 *
 * @param {import("node:test").TestContext} t
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} url
 * @param {object} options
 * @param {RegExp[]} [options.allowed] complaints that belong to the test
 * @param {Record<string, Function>} [options.functions] functions of the test that the page finds on its window; each
 *   returns a promise there
 * @param {Function | string} [options.before] runs in the page before any of its own scripts
 */
export async function openTab(t, context, url, { allowed = [], functions = {}, before } = {}) {
  const page = await within(context.newPage(), "a new page");
  const tab = new Tab(page, allowed);
  atEnd(t, () => tab.close());
  for (const [name, work] of Object.entries(functions)) {
    await within(page.exposeFunction(name, work), `${name} to be exposed`);
  }
  if (before !== undefined) await within(page.addInitScript(before), "the script before the page's own");
  await tab.goto(url);
  return tab;
}

class Tab {
  /** The page as playwright has it. */
  page;
  /** Everything the page wrote to its console, as `{ type, text }`, `type` one of `log`, `warning`, `error` … */
  console = [];
  /** Errors that the page left uncaught or wrote to its console, as text. */
  complaints = [];
  /** Addresses that the page asked for, in order. */
  requests = [];
  /** Addresses that the page opened WebSockets to, in order. */
  sockets = [];
  #allowed;
  #closed = false;

  constructor(page, allowed) {
    this.page = page;
    this.#allowed = allowed;
    page.on("console", (message) => {
      this.console.push({ type: message.type(), text: message.text() });
      if (message.type() === "error") this.complaints.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error?.stack ?? error}`));
    page.on("crash", () => this.complaints.push("the page crashed"));
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("websocket", (socket) => this.sockets.push(socket.url()));
  }

  /** Goes to another address, or reloads when none is given, and waits until it has loaded. */
  async goto(url) {
    if (url === undefined) await this.page.reload({ waitUntil: "load", timeout: PATIENCE });
    else await this.page.goto(url, { waitUntil: "load", timeout: PATIENCE });
  }

  /**
   * Runs a function in the page and returns what it returns, or what its promise settles with.
   *
   * @param {Function | string} work it sees the page alone; what it needs comes in `argument`
   * @param {unknown} [argument] plain data
   */
  evaluate(work, argument) {
    return within(this.page.evaluate(work, argument), `the page to answer ${brief(work)}`);
  }

  /** Waits until `condition`, run in the page, returns something truthy, or a promise of it; returns that. */
  async until(condition, argument) {
    const end = Date.now() + PATIENCE;
    try {
      for (;;) {
        const timeout = Math.max(1, end - Date.now());
        const handle = await this.page.waitForFunction(condition, argument, { timeout });
        const value = await within(handle.jsonValue(), "a value from the page");
        // Playwright takes a promise itself for something truthy, and gives what it settled with.
        if (value) return value;
        if (Date.now() > end) throw new Error("timed out");
        await setTimeout(20);
      }
    } catch (error) {
      throw new Error(`gave up waiting until ${brief(condition)}: ${error.message}\n${this.complaints.join("\n")}`);
    }
  }

  /**
   * Waits until something is on the page, or is as `state` says; throws with all that the page shows when it never is.
   *
   * @param {import("playwright-core").Locator} locator
   * @param {"visible" | "detached"} [state]
   */
  shows(locator, state = "visible") {
    return this.#explained(locator.waitFor({ state, timeout: PATIENCE }));
  }

  /** Clicks something once it is there; throws with all that the page shows when it never is. */
  press(locator) {
    return this.#explained(locator.click({ timeout: PATIENCE }));
  }

  async #explained(done) {
    try {
      await done;
    } catch (error) {
      const shown = await within(this.page.locator("body").ariaSnapshot(), "what the page shows").catch(String);
      throw new Error([error.message, "The page shows:", shown, ...this.complaints].join("\n"), { cause: error });
    }
  }

  /** Closes the page; throws when it complained of anything that was not allowed. The test's end does it too. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.page.isClosed()) await within(this.page.close(), "a page to close");
    const unexpected = this.complaints.filter((text) => !this.#allowed.some((pattern) => pattern.test(text)));
    assert.deepEqual(unexpected, [], "the page complained");
  }
}

function brief(work) {
  const text = String(work).replace(/\s+/g, " ");
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
