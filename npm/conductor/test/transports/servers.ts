/** Servers on this machine, closed after each test. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An HTTP server that keeps what it receives. */
export async function httpServer(answer: (request: Received, response: ServerResponse) => void) {
  const requests: Received[] = [];
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const request: Received = {
      method: message.method ?? "",
      path: message.url ?? "",
      headers: message.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    requests.push(request);
    answer(request, response);
  });
  const url = await new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url, requests };
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown, status = 200, statusText?: string): void {
  if (statusText !== undefined) response.statusMessage = statusText;
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

/** One connection of a client, as its server sees it. */
export interface Peer {
  socket: WebSocket;
  /** The address that it asked for. */
  path: string;
  /** What the client said, in order. */
  received: Record<string, unknown>[];
  say(message: unknown): void;
  /** The next message of this type that was not taken yet. */
  take(type: string): Promise<Record<string, unknown>>;
  closed: Promise<void>;
}

export interface WebSocketServerOptions {
  onPeer?: (peer: Peer) => void;
  port?: number;
}

/** A WebSocket server that keeps what it receives, by connection. */
export async function webSocketServer({ onPeer, port = 0 }: WebSocketServerOptions = {}) {
  const server = new WebSocketServer({ host: "127.0.0.1", port });
  const peers: Peer[] = [];
  const awaited: ((peer: Peer) => void)[] = [];
  server.on("connection", (socket, request) => {
    const peer = peerOf(socket, request.url ?? "");
    peers.push(peer);
    onPeer?.(peer);
    awaited.shift()?.(peer);
  });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  const close = () =>
    new Promise<void>((resolve) => {
      for (const client of server.clients) client.terminate();
      server.close(() => resolve());
    });
  closers.push(close);
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${own}`,
    port: own,
    peers,
    close,
    nextPeer: () => new Promise<Peer>((resolve) => awaited.push(resolve)),
  };
}

function peerOf(socket: WebSocket, path: string): Peer {
  const received: Record<string, unknown>[] = [];
  const untaken: Record<string, unknown>[] = [];
  let notice = () => {};
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as Record<string, unknown>;
    received.push(message);
    untaken.push(message);
    notice();
  });
  return {
    socket,
    path,
    received,
    say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    async take(type) {
      for (;;) {
        const index = untaken.findIndex((message) => message.type === type);
        if (index >= 0) return untaken.splice(index, 1)[0] as Record<string, unknown>;
        await new Promise<void>((resolve) => {
          notice = resolve;
        });
      }
    },
    closed: new Promise((resolve) => socket.once("close", () => resolve())),
  };
}

/** Answers every call with what `answer` makes of it. */
export function answering(answer: (call: Record<string, unknown>) => Record<string, unknown>) {
  return (peer: Peer) => {
    peer.socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as Record<string, unknown>;
      if (message.type === "call") peer.say({ type: "response", id: message.id, ...answer(message) });
    });
  };
}
