/** Opens pages whose conductor reaches a server. */

import { openConductor } from "./open.mjs";

/** What Chromium itself says of a server that is away. */
const AWAY = [/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /ERR_CONNECTION_CLOSED/];

/**
 * Opens a page with `window.made`, a conductor that reaches the server, and an empty list `window.heard`.
 *
 * @param {{ open: Function }} browser
 * @param {import("node:test").TestContext} t
 * @param {{ apiUrl: string }} server
 * @param {object} options those of `openConductor`, and `transport`; by default the page chooses
 */
export async function openClient(browser, t, server, { transport, allowed = [], ...options } = {}) {
  const tab = await openConductor(browser, t, { ...options, allowed: [...AWAY, ...allowed] });
  await tab.evaluate(
    (config) => {
      window.heard = [];
      window.made = entry.createConductor(config);
    },
    { apiUrl: server.apiUrl, ...(transport && { transport }) },
  );
  return tab;
}
