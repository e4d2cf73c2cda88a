/** From which pages, and under which names, a server may be called. */

/** What the owner allows. */
export interface Origins {
  /** Origins of pages, such as `https://flows.example.com`; `*` for all. Those of the server itself are allowed anyway. */
  origins: ReadonlySet<string>;
  /** Names that the server has, as in `Host`, without ports; `undefined` where anything goes. */
  hosts: ReadonlySet<string> | undefined;
  /** Whether who calls needs no key, so that a request without an origin, as an image of a page sends it, does something as well. */
  isOpen: boolean;
}

/** The names of the machine itself. */
export const LOCAL_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Why a request is refused; `undefined` where it is not. A page of another site could call a server that only its user's machine
 * can reach, and a name of that site may lead to this machine.
 */
export function refusedOrigin(request: Request, { origins, hosts, isOpen }: Origins): string | undefined {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  if (hosts !== undefined && !hosts.has(nameIn(host))) return `This server is not called ${host.slice(0, 100)}`;
  const origin = request.headers.get("origin");
  if (origins.has("*")) return undefined;
  if (origin === null) {
    const isForeign = isOpen && request.headers.get("sec-fetch-site") === "cross-site";
    return isForeign ? "Pages of other sites may not call this server" : undefined;
  }
  if (origins.has(origin)) return undefined;
  if (isSame(origin, host)) return undefined;
  return `Pages of ${origin.slice(0, 100)} may not call this server: its owner names them in \`origins\``;
}

function nameIn(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}

function isSame(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}
