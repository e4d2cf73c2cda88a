/** Addresses of clients, also behind proxies. */
import { isIP, isIPv6 } from "node:net";

/**
 * The address of a client: that of the connection, or with trusted proxies the one that the first of these was called from.
 *
 * @param proxies how many proxies stand before the server, each of which adds to `X-Forwarded-For` who called it
 */
export function addressOf(
  connection: string | undefined,
  forwarded: string | null,
  proxies: number,
): string | undefined {
  const listed = proxies === 0 || forwarded === null ? [] : forwarded.split(",");
  // What stands before it was written by the client.
  const named = withoutPort(listed.at(-proxies)?.trim() ?? "");
  return plain(isIP(named) === 0 ? connection : named);
}

/** What is counted together: of IPv6 the /64, which one client has as a whole. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail = ""] = (address.split("%")[0] as string).split("::");
  const [first, last] = [head, tail].map((part) => (part === "" ? [] : part.split(":"))) as [string[], string[]];
  const zeros = address.includes("::") ? Array<string>(Math.max(0, 8 - first.length - last.length)).fill("0") : [];
  const groups = [...first, ...zeros, ...last].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(":")}::/64`;
}

function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** An address of IPv4 as such, also where a socket of IPv6 tells it. */
function plain(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/i, "");
}
