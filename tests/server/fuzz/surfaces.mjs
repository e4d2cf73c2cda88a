/** The ways into a server, each as what takes a batch of messages and then shows that it still answers a right one. */

import { request } from "node:http";
import { WebSocket } from "ws";

import { bridgeCalls, protocolMessages, socketMessages, streamRequests } from "./arbitraries.mjs";
import { answered, attackedBridge, attackedServer } from "./attacked.mjs";

/** Messages of one connection that are on their way at once. */
const AT_ONCE = 100;

/** Streams of events that are open at once. */
const STREAMS = 20;

/**
 * @typedef {object} Surface
 * @property {import("fast-check").Arbitrary<unknown>} messages
 * @property {(batch: unknown[]) => Promise<void>} attack sends them all; rejects where one is answered as none may be
 * @property {() => Promise<void>} check rejects unless a right message is answered rightly
 * @property {() => Promise<number>} memory of the process, in bytes
 * @property {() => Promise<unknown>} end gives the exit code
 */

/** The surfaces, by name. Each is started by itself. @type {Record<string, () => Promise<Surface>>} */
export const SURFACES = {
  async websocket() {
    const server = await attackedServer();
    const commands = commandsOf(await described(server));
    const keys = Object.values(server.keys);
    const connect = () => socketTo(server, server.keys.admin);
    let peer = await connect();
    const settled = () => answered("a ping", peer.pong(), server.ended);
    return {
      ...server,
      messages: socketMessages(commands, keys),
      async attack(batch) {
        for (const [index, text] of batch.entries()) {
          if (!peer.isOpen()) peer = await connect();
          // Text, or the same as bytes, which no client sends.
          peer.socket.send(index % 500 === 499 ? Buffer.from(text) : text);
          if (index % AT_ONCE === AT_ONCE - 1) await settled();
        }
        await settled();
        // The next batch begins with nothing that this one left.
        peer.socket.terminate();
      },
      async check() {
        const right = await connect();
        const list = await answered("a list of flows", right.call("storage", "listFlows", {}), server.ended);
        if (list.result?.flows === undefined) throw new Error(`A right call was answered with ${JSON.stringify(list)}`);
        const run = await answered("a run", right.call("conductor", "execute", { flowId: "probe" }), server.ended);
        if (run.result?.success !== true) throw new Error(`A right run was answered with ${JSON.stringify(run)}`);
        right.socket.terminate();
      },
    };
  },

  async events() {
    const server = await attackedServer();
    const { hostname, port } = new URL(server.url);
    const streams = [];
    const ask = ({ last, query, staysOpen }) =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${server.keys.viewer}`, "last-event-id": last };
        const asked = request({ hostname, port, path: `/api/events${query}`, headers, agent: false }, (response) => {
          if (response.statusCode >= 500) reject(new Error(`A stream was answered with ${response.statusCode}`));
          response.on("error", () => {});
          // The first line comes at once.
          response.once("data", () => {
            if (staysOpen) streams.push(asked);
            else asked.destroy();
            if (streams.length > STREAMS) streams.shift().destroy();
            resolve();
          });
          response.once("end", resolve);
        });
        asked.on("error", resolve);
        asked.end();
      });
    return {
      ...server,
      messages: streamRequests(),
      attack: (batch) => answered("a stream", inTurns(batch, ask), server.ended),
      async check() {
        for (const stream of streams.splice(0)) stream.destroy();
        await answered("an event", eventOf(server), server.ended);
      },
    };
  },

  async mcp() {
    const server = await attackedServer();
    const headers = {
      authorization: `Bearer ${server.keys.runner}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    const post = async (body, session) => {
      const inSession = session === undefined ? {} : { "mcp-session-id": session };
      const answer = await fetch(`${server.url}/mcp`, { method: "POST", headers: { ...headers, ...inSession }, body });
      return { status: answer.status, session: answer.headers.get("mcp-session-id"), text: await answer.text() };
    };
    const begin = async () => (await post(INITIALIZE)).session ?? undefined;
    const leave = (session) =>
      fetch(`${server.url}/mcp`, { method: "DELETE", headers: { ...headers, "mcp-session-id": session } });
    return {
      ...server,
      messages: protocolMessages(),
      async attack(batch) {
        // Two requests of a session with one id at the same time have one answer: each of those that send has a session of its own.
        const left = batch.entries();
        const attacker = async () => {
          const session = await begin();
          for (const [index, text] of left) {
            const sent = post(text, index % 10 === 9 ? undefined : session);
            const { status, text: said } = await answered(text, sent, server.ended);
            // 503 is for callers with too many sessions.
            if (status >= 500 && status !== 503) throw new Error(`${text} was answered with ${status}: ${said}`);
          }
          await leave(session);
        };
        await Promise.all(Array.from({ length: 5 }, attacker));
      },
      async check() {
        const session = await answered("the beginning of a session", begin(), server.ended);
        const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "probe", arguments: {} } };
        const { text } = await answered("a tool", post(JSON.stringify(call), session), server.ended);
        if (!text.includes("All is well")) throw new Error(`A right call was answered with ${text}`);
        await leave(session);
      },
    };
  },

  async bridge() {
    const server = await attackedServer();
    const commands = commandsOf(await described(server));
    await server.end();
    const bridge = await attackedBridge();
    return {
      ...bridge,
      // Whether the application ends is up to it.
      messages: bridgeCalls(commands.filter(([, command]) => !["restart", "shutdown"].includes(command))),
      attack: (batch) =>
        answered(
          "a call",
          inTurns(batch, (call) => bridge.invoke(...call)),
          bridge.ended,
        ),
      async check() {
        const node = { id: "probe", type: "group", nodes: [PROBE] };
        const right = bridge.invoke("node:call", "execute", { node, context: {} });
        const { value } = await answered("a run", right, bridge.ended);
        if (value?.result?.success !== true) throw new Error(`A right run was answered with ${JSON.stringify(value)}`);
      },
    };
  },
};

const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "fuzz", version: "1" } },
});

const PROBE = { id: "say", type: "edit-fields", parameters: { values: { text: "All is well" } } };

async function described({ url }) {
  return (await fetch(`${url}/openapi.json`)).json();
}

/** Every command of every channel. */
function commandsOf({ paths }) {
  const channels = Object.entries(paths["/api/{channel}/{command}"].post["x-commands"]);
  return channels.flatMap(([channel, commands]) => Object.keys(commands).map((command) => [channel, command]));
}

/** Does this with each of them, some at a time. */
async function inTurns(items, work) {
  const left = items.values();
  const next = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: 10 }, next));
}

/** A connection that is signed in. */
async function socketTo({ url }, token) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/ws`);
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  const waiting = new Map();
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type === "response") waiting.get(message.id)?.(message);
  });
  socket.send(JSON.stringify({ type: "auth", token }));
  return {
    socket,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    call: (channel, command, args) =>
      new Promise((resolve) => {
        waiting.set("right", resolve);
        socket.send(JSON.stringify({ type: "call", id: "right", channel, command, args }));
      }),
    /** Settles when all that was sent before was read, or the connection is over. */
    pong: () =>
      new Promise((resolve) => {
        if (socket.readyState !== WebSocket.OPEN) return resolve();
        socket.once("pong", resolve);
        socket.once("close", resolve);
        socket.ping();
      }),
  };
}

/** Runs a flow, and settles when a stream of events tells of it. */
async function eventOf({ url, keys }) {
  const headers = { authorization: `Bearer ${keys.admin}`, "content-type": "application/json" };
  const ends = new AbortController();
  const stream = await fetch(`${url}/api/events`, { headers, signal: ends.signal });
  const run = fetch(`${url}/api/flows/probe/run`, { method: "POST", headers, body: "{}" });
  let said = "";
  for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (said.includes("event: node:completed")) break;
  }
  const result = await (await run).json();
  ends.abort();
  if (!result.success) throw new Error(`A right run was answered with ${JSON.stringify(result)}`);
}
