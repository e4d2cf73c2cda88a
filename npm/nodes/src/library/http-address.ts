/** Addresses that requests go to. */
import { NodeError } from "../contract/error.js";
import type { Credentials } from "./http-headers.js";

/**
 * The address that a parameter gives. The message repeats none of it, since addresses of webhooks are secrets.
 *
 * @throws NodeError INVALID_PARAMETERS naming the parameter
 */
export function addressOf(given: unknown, name: string): URL {
  if (typeof given === "string" && URL.canParse(given)) {
    const url = new URL(given);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  }
  throw new NodeError("INVALID_PARAMETERS", `\`${name}\` must be an address that begins with http:// or https://`);
}

/** An address as messages may tell it where its path is a secret: its origin alone. */
export function originOf(url: URL): URL {
  return new URL("/***", url.origin);
}

/** A name and password in the URL, which `fetch` would refuse in words that repeat them. */
export function takeCredentials(url: URL): Credentials | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const [username, password] = [decoded(url.username), decoded(url.password)];
  url.username = "";
  url.password = "";
  return { type: "basic", username, password };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
