import { messageOf, NodeError } from "../contract/error.js";
import type { Network } from "../types/http-request/network.js";

/**
 * HTTP from a page. Cookies and the browser's cache are left out, as they are on a machine. Of an answer from another
 * origin the page sees only the headers that the server exposes.
 */
export const pageNetwork: Network = {
  async fetch(access) {
    if (access !== undefined) {
      throw new NodeError(
        "NO_TRANSPORT",
        "A web page cannot check the addresses that it connects to; run this flow on a server or in the desktop application",
      );
    }
    return (url, init) => fetch(url, { ...init, credentials: "omit", cache: "no-store" });
  },
  seesRedirects: false,
  mayTrace: (url) => url.origin === globalThis.location?.origin,

  /** @throws NodeError INVALID_PARAMETERS for headers that browsers leave out without a word */
  check(url, headers) {
    const sent = new Request(url, { headers }).headers;
    const refused = [...headers.keys()].filter((name) => !sent.has(name));
    if (refused.length === 0) return;
    const names = refused.map((name) => JSON.stringify(name)).join(", ");
    throw new NodeError(
      "INVALID_PARAMETERS",
      `A web page cannot send the header ${names}; leave it out, or run this flow on a server or in the desktop application`,
    );
  },

  /** Browsers tell no reason, so that pages cannot look around in networks; these are the ones there are. */
  failureOf(error, url, hasBegun) {
    const { origin = "null", protocol = "" } = globalThis.location ?? {};
    const failed = `fetch failed (${messageOf(error)})`;
    const because = (words: string) => new NodeError("EXECUTION_FAILED", `${failed}: ${words}`, { cause: error });
    if (hasBegun) return because(`the answer of ${url.origin} broke off, or cannot be decompressed`);
    if (protocol === "https:" && url.protocol === "http:") {
      return because(`a page that came over HTTPS cannot ask ${url.origin}, which is not encrypted`);
    }
    if (url.origin === origin) return because(`${url.origin} cannot be reached`);
    return because(
      `${url.origin} cannot be reached, does not allow pages of ${origin} to read its answers (CORS), ` +
        "or is not among the addresses that the page's Content-Security-Policy lets it connect to; " +
        "on a server or in the desktop application only the first matters",
    );
  },
};
