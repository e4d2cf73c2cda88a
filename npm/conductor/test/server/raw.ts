/** Requests and WebSockets byte for byte: what no client would send. */
import { type IncomingHttpHeaders, request } from "node:http";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";

/** An answer. */
export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends a request whose path is not put in order before, as `fetch` would. */
export function rawRequest(
  apiUrl: string,
  path: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(apiUrl);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of response) chunks.push(chunk as Buffer);
      } catch (error) {
        return reject(error);
      }
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: Buffer.concat(chunks).toString("utf8"),
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** A message of the protocol. */
export type Message = Record<string, unknown>;

/** One raw connection, as its client sees it. */
export interface RawSocket {
  socket: WebSocket;
  /** Everything that came, in order. */
  received: Message[];
  say(message: unknown): void;
  /** The first message like this that was not taken yet; rejects when the connection ends without it. */
  take(isIt: (message: Message) => boolean): Promise<Message>;
  /** Calls a command and resolves with the answer. */
  call(channel: string, command: string, args?: unknown): Promise<Message>;
  /** Settles with the closing code. */
  closed: Promise<number>;
}

/** Connects to `<apiUrl>/ws`, and with a token signs in by a message. It is closed with the test. */
export async function rawSocket(
  apiUrl: string,
  { token, ...options }: { token?: string | null } & ClientOptions = {},
): Promise<RawSocket> {
  const socket = new WebSocket(`${apiUrl.replace(/^http/, "ws")}/ws`, options);
  onTestFinished(() => socket.terminate());
  const received: Message[] = [];
  const untaken: Message[] = [];
  const waiting = new Set<() => void>();
  const heard = () => {
    for (const check of [...waiting]) check();
  };
  let code: number | undefined;
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as Message;
    received.push(message);
    untaken.push(message);
    heard();
  });
  const closed = new Promise<number>((resolve) =>
    socket.once("close", (given) => {
      code = given;
      heard();
      resolve(given);
    }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  const say = (message: unknown) => socket.send(typeof message === "string" ? message : JSON.stringify(message));
  const take: RawSocket["take"] = (isIt) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const index = untaken.findIndex(isIt);
        if (index < 0 && code === undefined) return;
        waiting.delete(check);
        if (index >= 0) resolve(untaken.splice(index, 1)[0] as Message);
        else reject(new Error(`The connection ended (${code}) before the message came`));
      };
      waiting.add(check);
      check();
    });
  let count = 0;
  if (token !== undefined) say({ type: "auth", token });
  return {
    socket,
    received,
    say,
    take,
    call(channel, command, args) {
      const id = `call-${count++}`;
      say({ type: "call", id, channel, command, args });
      return take((message) => message.type === "response" && message.id === id);
    },
    closed,
  };
}
