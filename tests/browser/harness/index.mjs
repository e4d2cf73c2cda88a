/**
 * Tests in a real Chromium.
 *
 *     import { bundle, filePage, pageFiles, serve, createBrowser } from "./harness/index.mjs";
 *     const browser = createBrowser(); // once per file; starts when first needed
 *
 *     test("a page runs a flow", async (t) => {
 *       const site = await serve(t, {
 *         files: await pageFiles(`import { conductor } from "@atomiton/conductor/browser"; window.conductor = conductor;`),
 *         csp: "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'", // optional; also headers, folder, isolated
 *       });
 *       const tab = await browser.open(t, site.url); // fails the test on errors of the page, unless `allowed: [/…/]`
 *       const result = await tab.evaluate(({ node }) => conductor.node.run(node), { node });
 *       await tab.until(() => window.seen?.length === 3);
 *     });
 *
 * Every test has a profile of its own; for two pages in one profile: `const context = await browser.context(t)`, then
 * `browser.open(t, url, { context })`. For a profile that outlives the browser: `const folder = await profileFolder(t)`,
 * `const context = await browser.persistent(t, folder)`, open as above, `await context.close()`, `persistent` again.
 * `await filePage(t, script)` is the address of the same page on disk. `tab.requests`, `tab.sockets`, `tab.console` and
 * `tab.complaints` are what the page did so far; `tab.page` is playwright's page. Every wait has a deadline; `within`
 * gives one to any promise. What a test starts ends with it; `atEnd(t, work)` adds to that. What pages reach is in
 * files of their own, as it needs the built conductor: `startServer(t)` in `server.mjs`, `startMainProcess(t)` in
 * `main-process.mjs`.
 *
 * Other browsers, for what has to hold in each: `createFirefox()` and `createWebKit()` give the same `open`, and the same
 * tabs as far as those browsers tell of requests and allow functions of the test. Pages for WebKitGTK run `WATCH` first:
 * `pageFiles(script, { first: WATCH })`.
 */

export { bundle, filePage, pageFiles } from "./bundle.mjs";
export { createBrowser, profileFolder } from "./chromium.mjs";
export { PATIENCE, within } from "./deadline.mjs";
export { atEnd } from "./endings.mjs";
export { createFirefox } from "./firefox.mjs";
export { serve } from "./site.mjs";
export { createWebKit } from "./webkit.mjs";
export { WATCH } from "./webkit-page.mjs";
