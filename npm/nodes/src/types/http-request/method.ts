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

/** Those that `fetch` never sends. */
const REFUSED: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

/** A token of RFC 9110. */
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** What is wrong with a method, for a sentence that begins with its name. An expression passes, and nothing at all. */
export function methodFault(value: unknown): Fault | undefined {
  return typeof value !== "string" || value === "" || value.includes("{{") ? undefined : closedMethodFault(value);
}

/** The same for a value that is used as it stands. */
export function closedMethodFault(value: unknown): Fault | undefined {
  const method = typeof value === "string" ? value.toUpperCase() : "";
  const refused = (why: string): Fault => ({ path: [], message: why });
  if (!TOKEN.test(method)) return refused(`Must be a method such as GET or POST, found ${foundText(value)}`);
  if (REFUSED.includes(method)) {
    return refused(`Must be a method such as GET or POST, found ${foundText(value)}, which is never sent from here`);
  }
  const isUsual = (METHODS as readonly string[]).includes(method);
  // A method is any word, so that only the smallest slips are refused.
  const meant = isUsual ? [] : closeNames(method, METHODS, 1);
  return meant.length === 0
    ? undefined
    : refused(`Must be a method such as GET or POST, found ${foundText(value)}${meantText(meant)}`);
}
