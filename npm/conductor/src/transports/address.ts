/** Addresses that transports are given. */
import { TransportError } from "./failure.js";

/**
 * An address without a slash at its end. In a page it may be relative to the page. Throws `INVALID_PARAMETERS`, never
 * quoting what could be a secret.
 */
export function checkedAddress(address: string, protocols: readonly string[]): string {
  const url = parse(address);
  if (url === undefined) throw refused("is no absolute URL");
  if (!protocols.includes(url.protocol))
    throw refused(`must begin with ${protocols.map((p) => `${p}//`).join(" or ")}`);
  if (url.username !== "" || url.password !== "") throw refused("must hold no user name and no password; use a token");
  if (url.search !== "" || url.hash !== "") throw refused("must hold no query and no fragment");
  return url.href.replace(/\/+$/, "");
}

/** An API address without the `/api` that it may end in. */
export function baseOf(apiUrl: string): string {
  return apiUrl.replace(/\/+$/, "").replace(/\/api$/, "");
}

/** The WebSocket address of the server with this API: `http://h/api` gives `ws://h/api/ws`. */
export function webSocketAddress(apiUrl: string): string {
  const checked = checkedAddress(apiUrl, ["http:", "https:"]);
  return `${baseOf(checked).replace(/^http/, "ws")}/api/ws`;
}

/** Channels and commands stand in addresses; whatever could leave its place there is refused. */
export function checkedName(name: string): string {
  if (typeof name === "string" && /^[A-Za-z][\w:-]*$/.test(name)) return name;
  throw new TransportError(
    "INVALID_PARAMETERS",
    "Names of channels and commands begin with a letter and hold no slash",
  );
}

function parse(address: string): URL | undefined {
  try {
    return new URL(address, (globalThis as { location?: { href?: string } }).location?.href);
  } catch {
    return undefined;
  }
}

function refused(why: string): TransportError {
  return new TransportError("INVALID_PARAMETERS", `The address of a transport ${why}`);
}
