/** The class of WebSockets for Node before 22, which has none of its own. The one file here that browsers must not load. */
import type { WebSocket } from "ws";
import { TransportError } from "./failure.js";
import type { WebSocketLike } from "./websocket-connection.js";

/** What `readyState` may be before there is a socket. */
const CONNECTING = 0;
const CLOSED = 3;
const EVENTS = ["onopen", "onmessage", "onclose", "onerror"] as const;

/**
 * The WebSocket of the package `ws`, which is loaded with the first of them: a process that has no connection would wait for it
 * at its start.
 */
export class NodeWebSocket implements WebSocketLike {
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onclose: WebSocketLike["onclose"] = null;
  onerror: WebSocketLike["onerror"] = null;
  #socket: WebSocket | undefined;
  /** Closed before there was a socket. */
  #isClosed = false;

  constructor(url: string) {
    import("ws")
      .then((ws) => {
        if (this.#isClosed) return;
        const socket = new ws.WebSocket(url);
        this.#socket = socket;
        for (const name of EVENTS) socket[name] = (event: unknown) => this[name]?.(event as never);
      })
      .catch((error) => {
        if (this.#isClosed) return;
        this.onerror?.({ error } as never);
        this.close();
      });
  }

  get readyState(): number {
    return this.#socket?.readyState ?? (this.#isClosed ? CLOSED : CONNECTING);
  }

  send(data: string): void {
    if (this.#socket === undefined) throw new TransportError("TRANSPORT_ERROR", "The WebSocket is not open");
    this.#socket.send(data);
  }

  close(code?: number, reason?: string): void {
    if (this.#socket !== undefined) return this.#socket.close(code, reason);
    if (this.#isClosed) return;
    this.#isClosed = true;
    queueMicrotask(() => this.onclose?.({ code } as never));
  }

  terminate(): void {
    if (this.#socket === undefined) this.close();
    else this.#socket.terminate();
  }
}
