/** The server of `@atomiton/conductor/server`, with what tests observe of it and disturb. */

import { createServer as createHttpServer, IncomingMessage } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";

import { createConductor } from "@atomiton/conductor/desktop";
import { createServer } from "@atomiton/conductor/server";
import { Receiver } from "ws";

import { within } from "./deadline.mjs";
import { atEnd } from "./endings.mjs";
import { createSessions } from "./sessions.mjs";

/**
 * Starts it on a port that the system chooses; it ends with the test.
 *
 * @param {import("node:test").TestContext} t
 * @param {object} config settings of the conductor
 * @param {{ port?: number, listening?: boolean, authenticate?: Function }} options `listening: false` leaves it away until
 *   `comeBack`; `authenticate(request, sessions)` says who calls, by default every caller is an admin; `users`, those of
 *   `createUsers`, in the place of both
 */
export async function startServer(
  t,
  config = {},
  { authenticate = () => ADMIN, users, listening = true, ...where } = {},
) {
  const conductor = createConductor({ transport: "local", ...config });
  const sessions = users?.auth ?? createSessions();
  const create = () =>
    createServer({
      conductor,
      authenticate: users?.authenticate ?? ((request) => authenticate(request, sessions)),
      auth: sessions,
      origins: ["*"],
      durable: config.store !== undefined,
    });
  const server = new ObservedServer(create, { conductor, sessions, calls: [] });
  atEnd(t, async () => {
    await server.leave();
    server.close();
    await conductor.shutdown();
  });
  await server.comeBack(where);
  if (!listening) await server.leave();
  return server;
}

const ADMIN = { name: "anybody", role: "admin" };

/** A request whose body is read twice: a listener of `data` would take it from the server. */
class ObservedRequest extends IncomingMessage {
  #chunks = [];
  body = new Promise((resolve) => this.once("whole", resolve));

  push(chunk, ...encoding) {
    if (chunk !== null) this.#chunks.push(chunk);
    else this.emit("whole", Buffer.concat(this.#chunks).toString("utf8"));
    return super.push(chunk, ...encoding);
  }
}

class ObservedServer {
  /** The conductor, its sessions, and the commands that the server was asked for, as `{ channel, command, args }`. */
  main;
  /** Requests over HTTP so far, as `{ path, token, headers }`. */
  requests = [];
  /** Messages over WebSockets so far, parsed. */
  messages = [];
  /** How many WebSockets were opened so far. */
  connections = 0;
  #create;
  #server;
  #http;
  #sockets = new Set();
  #port = 0;
  #awaited = new Set();
  /** Whether WebSockets may open. */
  #welcome = Promise.resolve(true);

  constructor(create, main) {
    this.#create = create;
    this.#server = create();
    this.main = main;
  }

  get apiUrl() {
    return `http://127.0.0.1:${this.#port}/api`;
  }

  get wsUrl() {
    return `ws://127.0.0.1:${this.#port}/api/ws`;
  }

  /** WebSockets that are open now. */
  get open() {
    return this.#sockets.size;
  }

  /** Ends all connections, HTTP and WebSocket, without a word. */
  dropConnections() {
    for (const socket of this.#sockets) socket.destroy();
    this.#http?.closeAllConnections();
  }

  /** Goes away: nothing listens on its port, and its connections are gone. What runs in it goes on. */
  async leave() {
    const http = this.#http;
    if (http === undefined) return;
    this.#http = undefined;
    const closed = new Promise((resolve) => http.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    http.closeAllConnections();
    await within(closed, "the server to leave");
  }

  /** Listens again, on the port that it had. `forgetful`: another server does, which knows of nothing that the first one told. */
  async comeBack({ forgetful = false, port = this.#port } = {}) {
    if (forgetful) {
      this.close();
      this.#server = this.#create();
    }
    const http = createHttpServer({ IncomingMessage: ObservedRequest });
    http.on("request", (request, response) => this.#asked(request, response));
    http.on("upgrade", (request, socket, head) => this.#connected(request, socket, head));
    const listening = new Promise((resolve, reject) => http.once("error", reject).listen(port, "127.0.0.1", resolve));
    await within(listening, "the server to listen");
    this.#http = http;
    this.#port = http.address().port;
  }

  /** Ends the server, which listens no longer. */
  close() {
    this.#server.close();
  }

  /** Lets no WebSocket open until what is returned is called. */
  holdSockets() {
    let release;
    this.#welcome = new Promise((resolve) => {
      release = () => resolve(true);
    });
    return release;
  }

  /** Lets no WebSocket open, as a server that has none. */
  refuseSockets() {
    this.#welcome = Promise.resolve(false);
  }

  /** Resolves when `condition`, asked at everything that arrives or goes, is true. */
  async until(condition, what) {
    const asked = async () => {
      while (!condition()) await new Promise((resolve) => this.#awaited.add(resolve));
    };
    await within(asked(), what);
  }

  #happened() {
    for (const resolve of this.#awaited) resolve();
    this.#awaited.clear();
  }

  #asked(request, response) {
    const { method, url: path, headers } = request;
    if (method !== "OPTIONS") {
      const token = /^Bearer (.*)$/.exec(headers.authorization ?? "")?.[1];
      this.requests.push({ path, token, headers });
      const [, channel = "conductor", command] = /^\/api(?:\/([\w:-]+))?\/([\w:-]+)$/.exec(path) ?? [];
      request.body.then((text) => {
        this.main.calls.push({ channel, command, args: text === "" ? undefined : JSON.parse(text) });
        this.#happened();
      });
      this.#happened();
    }
    this.#server.node(request, response);
  }

  async #connected(request, socket, head) {
    socket.on("error", () => {});
    if (!(await this.#welcome)) return socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    if (socket.destroyed) return;
    const taken = this.#server.upgrade(request, socket, head);
    if (!taken || socket.writableEnded) return socket.end();
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#happened();
    });
    const frames = new Receiver({ isServer: true });
    frames.on("error", () => {});
    frames.on("message", (data) => this.#told(JSON.parse(String(data))));
    // A copy: both readers unmask what they read where it lies.
    socket.prependListener("data", (chunk) => frames.write(Buffer.from(chunk)));
    // By then the server has greeted a caller whom it knows, and tells it of events.
    await nextTurn();
    this.connections++;
    this.#happened();
  }

  #told(message) {
    this.messages.push(message);
    const { type, channel, command, args } = message;
    if (type === "call") this.main.calls.push({ channel, command, args });
    this.#happened();
  }
}
