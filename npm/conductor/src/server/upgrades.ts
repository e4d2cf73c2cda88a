/** Requests that ask for a WebSocket, at servers of `node:http`. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** Gives whether it took the connection. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/** A server of `node:http`, or one like it. */
export interface UpgradeServer {
  on(event: "upgrade", listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown;
  listenerCount(event: "upgrade"): number;
}

/** The handlers of each server, with the path that each of them is for. */
const HANDLERS = new WeakMap<UpgradeServer, Map<Upgrade, string>>();

/** Has a handler take the WebSockets at a path. Those that no handler takes are refused where nothing else listens for them. */
export function takeUpgrades(http: UpgradeServer, path: string, upgrade: Upgrade): void {
  const known = HANDLERS.get(http);
  const handlers = known ?? new Map<Upgrade, string>();
  handlers.set(upgrade, path);
  if (known !== undefined) return;
  HANDLERS.set(http, handlers);
  http.on("upgrade", (request, socket, head) => {
    for (const take of handlers.keys()) if (take(request, socket, head)) return;
    if (http.listenerCount("upgrade") > 1) return;
    refuseUpgrade(socket, "404 Not Found", `WebSockets are at ${[...handlers.values()].join(", ")}`);
  });
}

/** Answers a request for another protocol, and ends its connection: `node:http` handles neither once it has emitted `upgrade`. */
export function refuseUpgrade(socket: Duplex, status: string, reason: string, headers = ""): void {
  socket.on("error", () => {});
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\n${headers}\r\n${reason}\n`);
}
