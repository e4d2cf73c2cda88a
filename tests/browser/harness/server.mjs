/** A server with a conductor of Node's: commands over HTTP, commands and events over a WebSocket. */

import { createServer } from "node:http";

import { WebSocketServer } from "ws";

import { within } from "./deadline.mjs";
import { atEnd } from "./endings.mjs";
import { createEventLines } from "./event-lines.mjs";
import { startMainProcess } from "./main-process.mjs";

/**
 * Starts it on a port that the system chooses; it ends with the test. Commands are answered at
 * `POST <apiUrl>/<channel>/<command>`, requests at `POST <apiUrl>/execute`, and the WebSocket is `<apiUrl>/ws`.
 *
 * @param {import("node:test").TestContext} t
 * @param {object} config settings of the conductor
 * @param {{ port?: number, listening?: boolean }} options `listening: false` leaves it away until `comeBack`
 */
export async function startServer(t, config = {}, options = {}) {
  const main = startMainProcess(t, config);
  const server = new ConductorServer(main);
  await server.comeBack(options);
  atEnd(t, () => server.leave());
  if (options.listening === false) await server.leave();
  return server;
}

class ConductorServer {
  /** The conductor, its sessions and the commands it was given. */
  main;
  /** Requests over HTTP so far, as `{ path, token, headers }`. */
  requests = [];
  /** Messages over WebSockets so far, parsed. */
  messages = [];
  /** How many WebSockets were opened so far. */
  connections = 0;
  #http;
  #sockets = new Set();
  #port = 0;
  #lines = createEventLines();
  #awaited = new Set();
  /** Whether WebSockets may open. */
  #welcome = Promise.resolve(true);

  constructor(main) {
    this.main = main;
    main.onSent((channel, data) => {
      const [name, event] = channel.split(":event:");
      if (event !== undefined) this.#lines.tell({ channel: name, event, data });
    });
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
    for (const socket of this.#sockets) socket.terminate();
    this.#http?.closeAllConnections();
  }

  /** Goes away: nothing listens on its port, and its connections are gone. What runs in it goes on. */
  async leave() {
    const http = this.#http;
    if (http === undefined) return;
    this.#http = undefined;
    const closed = new Promise((resolve) => http.close(resolve));
    for (const socket of this.#sockets) socket.terminate();
    http.closeAllConnections();
    await within(closed, "the server to leave");
  }

  /** Listens again, on the port that it had. `forgetful`: it no longer knows of events that it told before. */
  async comeBack({ forgetful = false, port = this.#port } = {}) {
    if (forgetful) this.#lines = createEventLines();
    const http = createServer((request, response) => this.#answer(request, response));
    const verifyClient = (_, accept) => this.#welcome.then(accept);
    const sockets = new WebSocketServer({ server: http, path: "/api/ws", verifyClient });
    sockets.on("connection", (socket) => this.#connected(socket));
    const listening = new Promise((resolve, reject) => http.once("error", reject).listen(port, "127.0.0.1", resolve));
    await within(listening, "the server to listen");
    this.#http = http;
    this.#port = http.address().port;
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

  async #answer(request, response) {
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
    response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "*");
    response.setHeader("access-control-allow-methods", "POST");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
    const path = request.url;
    this.requests.push({ path, token, headers: request.headers });
    this.#happened();
    const [, channel, command] = /^\/api\/([\w:-]+)\/([\w:-]+)$/.exec(path) ?? [undefined, "conductor", "execute"];
    if (path !== "/api/execute" && path !== `/api/${channel}/${command}`) return response.writeHead(404).end();
    const answer = await this.#call(channel, command, text === "" ? undefined : JSON.parse(text), token);
    const isError = answer.channelError === true;
    response.writeHead(isError ? 422 : 200, { "content-type": "application/json" });
    return response.end(JSON.stringify(isError ? answer : answer.result) ?? "");
  }

  /** Commands about a session are about that of whoever calls. */
  async #call(channel, command, args, token) {
    const own = channel === "auth" && args === undefined ? { token } : args;
    try {
      return await this.main.invoke(`${channel}:call`, command, own);
    } catch (error) {
      return { error: error.message, channelError: true };
    }
  }

  #connected(socket) {
    this.connections++;
    this.#sockets.add(socket);
    const say = (message) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    };
    const lines = this.#lines;
    const line = lines.greet(say);
    let token;
    socket.on("message", async (data) => {
      const message = JSON.parse(String(data));
      this.messages.push(message);
      if (message.type === "auth") token = message.token ?? undefined;
      if (message.type === "ping") say({ type: "pong" });
      if (message.type === "resume") line.resume(message);
      this.#happened();
      if (message.type !== "call") return;
      const { id, channel, command, args } = message;
      const { result, error, code } = await this.#call(channel, command, args, token);
      say({ type: "response", id, ...(error === undefined ? { result } : { error, code }) });
    });
    socket.on("close", () => {
      this.#sockets.delete(socket);
      line.close();
      this.#happened();
    });
    this.#happened();
  }
}
