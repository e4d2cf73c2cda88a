import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { NodeWebSocket } from "../../src/transports/node-websocket.js";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("connection", (socket) => socket.on("message", (data) => socket.send(`heard ${data}`)));
await once(server, "listening");
afterAll(() => server.close());
const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A socket, and what it tells; `told` resolves with the next event of a kind. */
function opened(address = url) {
  const socket = new NodeWebSocket(address);
  const events: string[] = [];
  const waiting = new Map<string, (event: never) => void>();
  for (const kind of ["open", "message", "close", "error"] as const) {
    socket[`on${kind}`] = (event: never) => {
      events.push(kind);
      waiting.get(kind)?.(event);
    };
  }
  const told = (kind: string) => new Promise<{ data?: unknown }>((resolve) => waiting.set(kind, resolve));
  return { socket, events, told };
}

describe("the WebSocket of the package ws, loaded with the first one", () => {
  it("opens, sends and closes", async () => {
    const { socket, events, told } = opened();
    expect(socket.readyState).toBe(0);
    expect(() => socket.send("early")).toThrow("The WebSocket is not open");
    await told("open");
    expect(socket.readyState).toBe(1);
    socket.send("hello");
    expect(String((await told("message")).data)).toBe("heard hello");
    socket.close();
    await told("close");
    expect(socket.readyState).toBe(3);
    expect(events).toEqual(["open", "message", "close"]);
  });

  it.each(["close", "terminate"] as const)(
    "never connects where it is told to %s at once, and says once that it is closed",
    async (way) => {
      const { socket, events, told } = opened();
      socket[way]();
      expect(socket.readyState).toBe(3);
      socket[way]();
      await told("close");
      await import("ws");
      await new Promise((resolve) => setImmediate(resolve));
      expect(events).toEqual(["close"]);
    },
  );

  it("says what is wrong with an address, and that it is closed", async () => {
    const { socket, events, told } = opened("nonsense:");
    await told("close");
    expect(socket.readyState).toBe(3);
    expect(events).toEqual(["error", "close"]);
  });
});
