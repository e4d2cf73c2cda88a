/** Methods of requests. */
import { closeNames, meantText } from "../../contract/close-names.js";
import { foundText } from "../../contract/issues.js";
import type { Fault } from "../../definition/written.js";

/** The usual ones, which editors offer. */
export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;

/** Those that by the rules of HTTP, WebDAV and their extensions change nothing. */
export const READING_METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PROPFIND",
  "REPORT",
  "SEARCH",
  "QUERY",
]);

/**
 * Those of extensions: IANA's registry, without what belongs to HTTP/2 itself and what `fetch` never sends (CONNECT, TRACE, TRACK), and
 * those of caches, of UPnP and of Vault. Any other word is more likely a slip than a method.
 */
const EXTENSIONS =
  "ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE " +
  "ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL " +
  "BAN PURGE LIST M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE";

const KNOWN: ReadonlySet<string> = new Set([...METHODS, ...EXTENSIONS.split(" ")]);

/** What is wrong with a method that is written into a flow, for a sentence that begins with its name. An expression passes, and nothing at all. */
export function methodFault(value: unknown): Fault | undefined {
  return typeof value !== "string" || value === "" || value.includes("{{") ? undefined : closedMethodFault(value);
}

/** The same for a value that is used as it stands. */
export function closedMethodFault(value: unknown): Fault | undefined {
  const method = typeof value === "string" ? value.toUpperCase() : "";
  if (KNOWN.has(method)) return undefined;
  const meant = closeNames(method, [...KNOWN], 1);
  const others =
    meant.length > 0 ? meantText(meant) : `. Methods of extensions may be ${EXTENSIONS.replaceAll(" ", ", ")}`;
  return { path: [], message: `Must be one of ${METHODS.join(", ")}, found ${foundText(value)}${others}` };
}
