import { hasSubscribers } from "node:diagnostics_channel";
import zlib from "node:zlib";

import { messageOf, NodeError } from "../contract/error.js";
import { MOST_REDIRECTS } from "../library/http-redirects.js";
import type { Fetch, Network } from "../types/http-request/network.js";
import { dispatcherOfNode, wholeFetch } from "./whole-answers.js";

/** HTTP from Node, which restricts nothing and puts the reason into the error's cause. */
export const machineNetwork: Network = {
  async fetch(access) {
    if (access === undefined) {
      // Asked for with each request, since tests and tracing put something else in its place.
      const send = (url: URL, init: object) => fetch(url, init);
      const dispatcher = dispatcherOfNode();
      return readable(dispatcher === undefined ? send : wholeFetch(send, dispatcher));
    }
    // Loads what belongs to Node's own `fetch`: else the package would put its agent in the place of Node's for the process.
    void globalThis.Headers;
    const [{ guardOf }, { guardedFetch }] = await Promise.all([
      import("./guard/guard.js"),
      import("./guard/guarded-fetch.js"),
    ]);
    return readable(guardedFetch(guardOf(access)));
  },
  files: async (access) => (await import("./transfer-files.js")).transferFiles(access),
  seesRedirects: true,
  // An SDK that follows requests by itself adds the header of its own span, which is below that of the node.
  mayTrace: () => !hasSubscribers("undici:request:create"),
  check() {},
  failureOf(error, url, hasBegun) {
    const refused = nodeErrorIn(error);
    if (refused !== undefined) return refused;
    const reason = reasonOf(error);
    const told = reason && ((hasBegun ? brokenExplained(reason, url) : undefined) ?? explained(reason, url));
    const words = reason?.code || reason?.message || messageOf(error);
    const where = `${url.origin}${url.pathname}`;
    const code = hasBegun && /^(?:Z_|ERR__)/.test(reason?.code ?? "") ? "DESERIALIZATION_FAILED" : "EXECUTION_FAILED";
    return new NodeError(code, `fetch failed (${words}): ${where}${told === undefined ? "" : `: ${told.what}`}`, {
      cause: error,
      advice: told?.advice,
    });
  },
};

/** Codings that `fetch` undoes. What is in another one would be taken for text as it is. */
const CODINGS = /^(?:identity|gzip|x-gzip|deflate|br)?$/;

/** A `fetch` that refuses answers in codings which it does not undo. */
function readable(fetch: Fetch): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    const codings = (response.headers.get("content-encoding") ?? "").toLowerCase().split(",");
    const strange = codings.find((coding) => !CODINGS.test(coding.trim()))?.trim();
    if (strange === undefined || (strange === "zstd" && "createZstdDecompress" in zlib)) return response;
    await response.body?.cancel();
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      `The answer of ${url.host} is in the content coding ${JSON.stringify(strange.slice(0, 40))}, which is not known here`,
      { advice: ["Ask for another one: give the request the header `accept-encoding: gzip`."], retry: false },
    );
  };
}

/** What a guard refused is the failure itself. */
function nodeErrorIn(error: unknown): NodeError | undefined {
  let cause: unknown = error;
  for (let depth = 0; depth < 8 && cause instanceof Error; depth++) {
    if (cause instanceof NodeError) return cause;
    cause = (cause instanceof AggregateError ? (cause.errors[0] as unknown) : undefined) ?? cause.cause;
  }
  return undefined;
}

interface Reason {
  code?: string;
  message: string;
}

/** Why it failed: `fetch` puts that into causes within causes, and several of them where a name has several addresses. */
function reasonOf(error: unknown): Reason | undefined {
  let found: Reason | undefined;
  let cause: unknown = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; depth < 8 && cause instanceof Error; depth++) {
    const { code } = cause as NodeJS.ErrnoException;
    const first: unknown = cause instanceof AggregateError ? cause.errors[0] : undefined;
    found = { message: cause.message, ...(typeof code === "string" && { code }) };
    if (typeof code === "string") return found;
    cause = first ?? cause.cause;
  }
  return found;
}

/** What a reason means after an answer began. */
function brokenExplained({ code = "", message }: Reason, { hostname }: URL): Explained | undefined {
  const advice = ["Run it again, or give the node a `policy` with `retries`.", "Look at the log of the server."];
  if (code === "Z_BUF_ERROR") return { what: "the answer is compressed, and its data ends too early", advice };
  if (/^(?:Z_|ERR__)/.test(code)) {
    return {
      what: "the answer says that it is compressed, and its data cannot be decompressed",
      advice: ["Correct the server, or give the request the header `accept-encoding: identity`."],
    };
  }
  if (/^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code)) {
    return { what: `${hostname} closed the connection before the end of its answer`, advice };
  }
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") {
    return { what: "the answer is not as long as its header `content-length` says", advice };
  }
  if (code === "UND_ERR_BODY_TIMEOUT")
    return { what: `${hostname} stopped sending in the middle of its answer`, advice };
  return code.startsWith("HPE_") || message.startsWith("Response does not match")
    ? { what: `${hostname} breaks off its answer with what is no HTTP`, advice }
    : undefined;
}

interface Explained {
  what: string;
  advice: string[];
}

/** What a reason means, and what to look at. */
function explained({ code = "", message }: Reason, url: URL): Explained | undefined {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const { hostname } = url;
  if (code === "ECONNREFUSED") {
    return {
      what: `nothing answers at ${hostname} on port ${port}`,
      advice: [`Start the server, or correct the host and port of the URL.`, "Check that no firewall is in between."],
    };
  }
  if (code === "ENOTFOUND" || code === "EAI_NONAME") {
    return {
      what: `there is no host called ${hostname}`,
      advice: ["Check the spelling of the host in the URL.", "Check that this machine is connected, and its DNS."],
    };
  }
  if (code === "EAI_AGAIN") {
    return {
      what: `the address of ${hostname} could not be looked up`,
      advice: ["Check that this machine is connected, and its DNS.", "Run it again when it is."],
    };
  }
  if (/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/.test(code)) {
    return {
      what: `${hostname} on port ${port} cannot be reached`,
      advice: ["Check that the server runs and that this machine may reach it: network, VPN, firewall."],
    };
  }
  if (/^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code)) {
    return {
      what: `${hostname} on port ${port} closed the connection before it had answered`,
      advice: [`Check that ${url.protocol.slice(0, -1)} is what that port talks.`, "Look at the log of the server."],
    };
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return {
      what: `the headers of the answer are larger than 16 KiB`,
      advice: ["Have the server send fewer headers."],
    };
  }
  if (code === "UND_ERR_HEADERS_TIMEOUT") {
    return { what: `${hostname} sent no answer in time`, advice: ["Look at the log of the server."] };
  }
  const [, most] = /^more than (\d+) redirects$/.exec(message) ?? [];
  if (most !== undefined || message.includes("redirect count exceeded")) {
    return {
      what: `its redirects lead in a circle, or over more than ${most ?? MOST_REDIRECTS} addresses`,
      advice: ["Check the redirects of the server, whether it wants credentials, and `maxRedirects` of the node."],
    };
  }
  if (code.startsWith("HPE_") || code.startsWith("UND_ERR_RES_") || message.startsWith("Response does not match")) {
    return {
      what: `${hostname} answers on port ${port} with what is no HTTP`,
      advice: [`Check that ${url.protocol.slice(0, -1)} is what that port talks.`],
    };
  }
  if (code === "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH") {
    return { what: "a file changed while it was sent", advice: ["Send a file that nothing writes to."] };
  }
  if (message === "bad port") {
    return {
      what: `requests to port ${port} are not allowed; it belongs to another protocol than HTTP`,
      advice: ["Let the server listen on another port, such as 8080."],
    };
  }
  return tlsExplained(code, hostname, port);
}

function tlsExplained(code: string, hostname: string, port: string): Explained | undefined {
  const certificate = (why: string, ...advice: string[]) => ({
    what: `the certificate of ${hostname} is not accepted, because ${why}`,
    advice,
  });
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return certificate("it has expired", "Renew the certificate of the server.", "Check the clock of this machine.");
    case "CERT_NOT_YET_VALID":
      return certificate("it is not valid yet", "Check the clock of this machine.");
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return certificate("it is for another host", "Use the host that the certificate is for.");
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return certificate(
        "no authority that this machine knows has signed it",
        "Name the file of its authority in the environment variable NODE_EXTRA_CA_CERTS.",
      );
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return {
        what: `${hostname} does not talk TLS on port ${port}`,
        advice: ["Write http instead of https, or correct the port of the URL."],
      };
    default:
      return code.startsWith("ERR_SSL_")
        ? {
            what: `TLS with ${hostname} on port ${port} failed`,
            advice: ["Check the protocol and the port of the URL."],
          }
        : undefined;
  }
}
