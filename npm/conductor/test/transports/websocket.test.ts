import { afterEach, describe, expect, it, vi } from "vitest";
import type { TransportError } from "../../src/transports/failure.js";
import { NodeWebSocket } from "../../src/transports/node-websocket.js";
import { memoryTokenStore } from "../../src/transports/token-store.js";
import { createWebSocketTransport, type WebSocketTransportOptions } from "../../src/transports/websocket.js";
import { answering, type Peer, webSocketServer } from "./servers.js";

const open: { shutdown(): Promise<void> }[] = [];
afterEach(async () => {
  for (const transport of open.splice(0)) await transport.shutdown();
  vi.restoreAllMocks();
});

/** Comes back at once, so that no test waits. */
function transportTo(url: string, options: Partial<WebSocketTransportOptions> = {}) {
  const transport = createWebSocketTransport({
    url,
    WebSocket: NodeWebSocket,
    backoff: { first: 1, max: 5 },
    ...options,
  });
  open.push(transport);
  return transport;
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("must reject"),
    (error: TransportError) => error,
  );

const echo = answering(({ channel, command, args }) => ({ result: [channel, command, args] }));

describe("calls over a WebSocket", () => {
  it("share one connection, which is opened by the first of them", async () => {
    const server = await webSocketServer({ onPeer: echo });
    const transport = transportTo(server.url);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.peers).toHaveLength(0);
    const answers = await Promise.all([transport.call("node", "cancel", "e1"), transport.call("flow", "list")]);
    expect(answers).toEqual([
      ["node", "cancel", "e1"],
      ["flow", "list", null],
    ]);
    await transport.call("a", "b");
    expect(server.peers).toHaveLength(1);
    const ids = server.peers[0]?.received.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(server.peers[0]?.received[0]).toEqual({
      type: "call",
      id: ids?.[0],
      channel: "node",
      command: "cancel",
      args: "e1",
    });
  });

  it("are answered in any order; answers to nobody are ignored", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const arriving = server.nextPeer();
    const [one, two] = [transport.call("a", "one"), transport.call("a", "two")];
    const peer = await arriving;
    const first = await peer.take("call");
    const second = await peer.take("call");
    peer.say({ type: "response", id: "nobody", result: 0 });
    peer.say({ type: "response", id: second.id, result: 2 });
    expect(await two).toBe(2);
    peer.say({ type: "response", id: second.id, result: 3 });
    peer.say({ type: "response", id: first.id, result: 1 });
    expect(await one).toBe(1);
  });

  it("execute a request as a command, and ask for health", async () => {
    const server = await webSocketServer({ onPeer: echo });
    const transport = transportTo(server.url);
    expect(await transport.execute({ flowId: "f" })).toEqual(["conductor", "execute", { flowId: "f" }]);
    expect(await transport.health()).toEqual(["system", "health", null]);
  });

  it("reject with the error of the answer", async () => {
    const errors: Record<string, object> = {
      text: { error: "no such flow" },
      object: { error: { why: 1 } },
      coded: { error: "bad", code: "VALIDATION_FAILED" },
    };
    const server = await webSocketServer({ onPeer: answering(({ command }) => ({ ...errors[String(command)] })) });
    const transport = transportTo(server.url);
    const kind = { name: "TransportError", answered: true };
    expect(await caught(transport.call("x", "text"))).toMatchObject({
      ...kind,
      message: "no such flow",
      code: "TRANSPORT_ERROR",
    });
    expect(await caught(transport.call("x", "object"))).toMatchObject({ ...kind, message: '{"why":1}' });
    expect(await caught(transport.call("x", "coded"))).toMatchObject({ code: "VALIDATION_FAILED", retryable: false });
  });

  it("of what JSON cannot hold are refused before a connection is made", async () => {
    const server = await webSocketServer();
    const error = await caught(transportTo(server.url).call("a", "b", { n: 1n }));
    expect(error).toMatchObject({ code: "SERIALIZATION_FAILED" });
    expect(server.peers).toHaveLength(0);
  });

  it("wait for a server that is not there yet", async () => {
    const first = await webSocketServer();
    await first.close();
    const transport = transportTo(first.url);
    const answer = transport.call("a", "b", 1);
    const server = await webSocketServer({ port: first.port, onPeer: echo });
    expect(await answer).toEqual(["a", "b", 1]);
    expect(server.peers).toHaveLength(1);
  });

  it("wait in a queue that has an end", async () => {
    const first = await webSocketServer();
    await first.close();
    const transport = transportTo(first.url, { queueLimit: 2 });
    const waiting = [transport.call("a", "1"), transport.call("a", "2")];
    expect(await caught(transport.call("a", "3"))).toMatchObject({ code: "TRANSPORT_ERROR", retryable: true });
    await webSocketServer({ port: first.port, onPeer: echo });
    expect(await Promise.all(waiting)).toHaveLength(2);
  });

  it("wait in a queue of 1000 where nothing else is said", async () => {
    const first = await webSocketServer();
    await first.close();
    const transport = transportTo(first.url);
    const waiting = Array.from({ length: 1000 }, () => caught(transport.call("a", "b")));
    expect(await caught(transport.call("a", "b"))).toMatchObject({ code: "TRANSPORT_ERROR" });
    await transport.shutdown();
    const errors = await Promise.all(waiting);
    expect(errors.every(({ code }) => code === "CANCELLED")).toBe(true);
  });

  it("that were too large are refused for good, and others fail as with any connection that breaks", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const arriving = server.nextPeer();
    const calls = [transport.call("a", "small"), transport.call("a", "large", "x".repeat(100_000))].map(caught);
    const peer = await arriving;
    await peer.take("call");
    await peer.take("call");
    peer.socket.close(1009, "A message may have 50000 bytes at most");
    const [small, large] = await Promise.all(calls);
    expect(large).toMatchObject({
      code: "VALIDATION_FAILED",
      message: "A message may have 50000 bytes at most",
      retryable: false,
      uncertain: false,
    });
    expect(small).toMatchObject({ code: "TRANSPORT_ERROR", retryable: true, uncertain: true });
  });

  it("of which the only one was too large is refused for good, with a reason of its own", async () => {
    const server = await webSocketServer({ onPeer: ({ socket }) => socket.once("message", () => socket.close(1009)) });
    expect(await caught(transportTo(server.url).call("a", "b"))).toMatchObject({
      code: "VALIDATION_FAILED",
      message: "The server closed the WebSocket (1009): a message is larger than it takes",
      retryable: false,
    });
  });

  it("that were sent when the connection breaks fail; those after them go to the next one", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const arriving = server.nextPeer();
    const sent = caught(transport.call("a", "sent"));
    const peer = await arriving;
    await peer.take("call");
    const next = server.nextPeer();
    peer.socket.terminate();
    expect(await sent).toMatchObject({
      code: "TRANSPORT_ERROR",
      retryable: true,
      answered: false,
      uncertain: true,
    });
    const later = transport.call("a", "later");
    const second = await next;
    const call = await second.take("call");
    expect(call.command).toBe("later");
    second.say({ type: "response", id: call.id, result: "ok" });
    expect(await later).toBe("ok");
  });
});

describe("events over a WebSocket", () => {
  it("reach those who listen, until they no longer do", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const heard: unknown[] = [];
    const arriving = server.nextPeer();
    const end = transport.listen("node", "progress", (data) => heard.push(["one", data]));
    transport.listen("node", "progress", (data) => heard.push(["two", data]));
    transport.listen("storage", "flowSaved", (data) => heard.push(["saved", data]));
    const peer = await arriving;
    const done = new Promise((resolve) => transport.listen("test", "done", resolve));
    peer.say({ type: "event", channel: "node", event: "progress", data: { progress: 1 } });
    peer.say({ type: "event", channel: "node", event: "other", data: 0 });
    peer.say({ type: "event", channel: "test", event: "done" });
    await done;
    expect(heard).toEqual([
      ["one", { progress: 1 }],
      ["two", { progress: 1 }],
    ]);
    end();
    end();
    const again = new Promise((resolve) => transport.listen("test", "done", resolve));
    peer.say({ type: "event", channel: "node", event: "progress", data: 2 });
    peer.say({ type: "event", channel: "storage", event: "flowSaved", data: 3 });
    peer.say({ type: "event", channel: "test", event: "done" });
    await again;
    expect(heard.slice(2)).toEqual([
      ["two", 2],
      ["saved", 3],
    ]);
  });

  it("are heard by all even if one listener throws, which is reported once", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const heard: unknown[] = [];
    const arriving = server.nextPeer();
    transport.listen("n", "e", () => {
      throw new Error("mine");
    });
    transport.listen("n", "e", async () => {
      throw new Error("later");
    });
    const done = new Promise<void>((resolve) => {
      transport.listen("n", "e", (data) => {
        heard.push(data);
        if (data === 2) resolve();
      });
    });
    const peer = await arriving;
    peer.say({ type: "event", channel: "n", event: "e", data: 1 });
    peer.say({ type: "event", channel: "n", event: "e", data: 2 });
    await done;
    expect(heard).toEqual([1, 2]);
    expect(report).toHaveBeenCalledTimes(2);
  });

  it("come again after the connection was lost, and a server without numbers leaves a gap", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const gaps: unknown[] = [];
    transport.listen("transport", "gap", (gap) => gaps.push(gap));
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.peers).toHaveLength(0);
    const arriving = server.nextPeer();
    const heard = new Promise((resolve) => transport.listen("n", "e", resolve));
    const peer = await arriving;
    expect(gaps).toEqual([]);
    const next = server.nextPeer();
    peer.socket.terminate();
    (await next).say({ type: "event", channel: "n", event: "e", data: "back" });
    expect(await heard).toBe("back");
    expect(gaps).toEqual([{}]);
  });

  it("of the channel transport are not the server's to tell", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const gaps: unknown[] = [];
    transport.listen("transport", "gap", (gap) => gaps.push(gap));
    const arriving = server.nextPeer();
    const done = new Promise((resolve) => transport.listen("n", "e", resolve));
    const peer = await arriving;
    peer.say({ type: "event", channel: "transport", event: "gap", data: "forged" });
    peer.say({ type: "event", channel: "n", event: "e" });
    await done;
    expect(gaps).toEqual([]);
  });

  it("do not suffer from messages that nobody understands", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const arriving = server.nextPeer();
    const done = new Promise((resolve) => transport.listen("n", "e", resolve));
    const peer = await arriving;
    for (const odd of [
      "{",
      "null",
      "7",
      '"secret"',
      { type: "event" },
      { type: "event", channel: "n", event: "e", seq: "1" },
    ])
      peer.say(odd);
    for (const odd of [{ type: "hello" }, { type: "response" }, { type: "new-in-version-2" }, []]) peer.say(odd);
    peer.socket.send(Buffer.from([1, 2, 3]));
    peer.say({ type: "event", channel: "n", event: "e", data: "fine" });
    expect(await done).toBe("fine");
    expect(warn.mock.calls).toEqual([["[WS] Ignored a message that is not of the protocol"]]);
  });
});

describe("numbered events", () => {
  const numbered = (seq: number, data: unknown = seq) => ({ type: "event", channel: "n", event: "e", data, seq });

  /** A client that has heard 1 and 2 of the session `s1`, with the connection that comes after. */
  async function resumed() {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const heard: unknown[] = [];
    const gaps: unknown[] = [];
    let wake = () => {};
    transport.listen("transport", "gap", (gap) => gaps.push(gap));
    const arriving = server.nextPeer();
    transport.listen("n", "e", (data) => {
      heard.push(data);
      wake();
    });
    const until = async (count: number) => {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return heard;
    };
    const first = await arriving;
    first.say({ type: "hello", session: "s1", version: 1 });
    for (const seq of [1, 2]) first.say(numbered(seq));
    await until(2);
    const next = server.nextPeer();
    first.socket.terminate();
    const peer: Peer = await next;
    return { peer, first, heard, gaps, until };
  }

  it("are dropped when they are repeated", async () => {
    const { first, peer, until, gaps } = await resumed();
    expect(first.received).toEqual([]);
    peer.say({ type: "hello", session: "s2" });
    expect(await peer.take("resume")).toEqual({ type: "resume", session: "s1", seq: 2 });
    peer.say({ type: "hello", session: "s1" });
    for (const seq of [1, 2, 3, 3, 5, 4, 6]) peer.say(numbered(seq));
    expect(await until(5)).toEqual([1, 2, 3, 5, 6]);
    expect(gaps).toEqual([]);
  });

  it("are complete when the server resumes, also where the greeting names the old session", async () => {
    const { peer, until, gaps } = await resumed();
    peer.say({ type: "hello", session: "s1" });
    peer.say(numbered(4));
    await peer.take("resume");
    peer.say({ type: "hello", session: "s1" });
    peer.say(numbered(3));
    peer.say(numbered(4));
    expect(await until(4)).toEqual([1, 2, 3, 4]);
    expect(gaps).toEqual([]);
  });

  it("are told to be missing when the server cannot resume; numbers start over", async () => {
    const { peer, until, gaps, heard } = await resumed();
    peer.say({ type: "hello", session: "s2" });
    peer.say(numbered(1, "new 1"));
    peer.say({ type: "event", channel: "n", event: "e", data: "without number" });
    await peer.take("resume");
    await until(3);
    expect(heard.slice(2)).toEqual(["without number"]);
    peer.say({ type: "hello", session: "s2" });
    peer.say(numbered(1, "new 1"));
    peer.say(numbered(2, "new 2"));
    expect((await until(5)).slice(3)).toEqual(["new 1", "new 2"]);
    expect(gaps).toEqual([{ previous: { session: "s1", seq: 2 }, session: "s2" }]);
  });

  it("are delivered under a third session as well", async () => {
    const { peer, until, gaps } = await resumed();
    peer.say({ type: "hello", session: "s2" });
    peer.say(numbered(9, "between"));
    await peer.take("resume");
    peer.say({ type: "hello", session: "s3" });
    peer.say(numbered(1, "third 1"));
    expect((await until(4)).slice(2)).toEqual(["between", "third 1"]);
    expect(gaps).toMatchObject([{ session: "s3" }]);
  });
});

describe("who asks over a WebSocket", () => {
  it("is said first on each connection and whenever it changes, never in the address", async () => {
    const server = await webSocketServer({ onPeer: echo });
    let token: string | undefined = "t1";
    const transport = transportTo(server.url, { token: () => token });
    await transport.call("a", "1");
    await transport.call("a", "2");
    token = "t2";
    await transport.call("a", "3");
    token = undefined;
    await transport.call("a", "4");
    const told = server.peers[0]?.received.map((message) => message.token ?? message.command ?? message.type);
    expect(told).toEqual(["t1", "1", "2", "t2", "3", "auth", "4"]);
    expect(server.peers[0]?.received[5]).toEqual({ type: "auth", token: null });
    expect(server.peers.map(({ path }) => path)).toEqual(["/"]);
  });

  it("is said at once when it changes, as long as there is a connection", async () => {
    const server = await webSocketServer();
    const tokens = memoryTokenStore();
    const heard = vi.fn(tokens.onChange);
    const token = () => tokens.get() ?? undefined;
    const transport = transportTo(server.url, { token, onTokenChange: heard });
    const arriving = server.nextPeer();
    transport.listen("node", "progress", () => {});
    const peer = await arriving;
    await transport.listening?.();
    expect(heard).toHaveBeenCalledOnce();
    tokens.set("t1");
    expect(await peer.take("auth")).toEqual({ type: "auth", token: "t1" });
    tokens.clear();
    expect(await peer.take("auth")).toEqual({ type: "auth", token: null });
    const next = server.nextPeer();
    peer.socket.terminate();
    const later = await next;
    tokens.set("t2");
    expect(await later.take("auth")).toEqual({ type: "auth", token: "t2" });
    expect(later.received).toHaveLength(1);
    await transport.shutdown();
    tokens.set("t3");
    expect(later.received).toHaveLength(1);
  });

  it("is not said where there is no token, nor where it cannot be had", async () => {
    const server = await webSocketServer({ onPeer: echo });
    const broken = transportTo(server.url, {
      token: () => {
        throw new Error("locked");
      },
    });
    expect(await broken.call("a", "b", 1)).toEqual(["a", "b", 1]);
    await transportTo(server.url).call("a", "b");
    expect(server.peers.flatMap(({ received }) => received.map(({ type }) => type))).toEqual(["call", "call"]);
  });
});

describe("shutting a WebSocket transport down", () => {
  it("closes the connection and rejects what is pending and what comes later", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const heard = vi.fn();
    const arriving = server.nextPeer();
    transport.listen("n", "e", heard);
    const peer = await arriving;
    const pending = caught(transport.call("a", "b"));
    await peer.take("call");
    await transport.shutdown();
    await peer.closed;
    expect(await pending).toMatchObject({ code: "CANCELLED", retryable: false });
    expect(await caught(transport.call("a", "b"))).toMatchObject({ code: "NO_TRANSPORT" });
    transport.listen("n", "e", heard)();
    await transport.shutdown();
    expect(server.peers).toHaveLength(1);
    expect(heard).not.toHaveBeenCalled();
  });

  it("works while it is connecting, and before it was ever used", async () => {
    const server = await webSocketServer();
    const connecting = transportTo(server.url);
    const pending = caught(connecting.call("a", "b"));
    await connecting.shutdown();
    expect(await pending).toMatchObject({ code: "CANCELLED" });
    await transportTo(server.url).shutdown();
  });

  it("does not wait for a server that does not agree", async () => {
    const server = await webSocketServer();
    const transport = transportTo(server.url);
    const arriving = server.nextPeer();
    transport.listen("n", "e", () => {});
    const peer = await arriving;
    peer.socket.pause();
    await transport.shutdown();
    peer.socket.resume();
    await peer.closed;
  });
});

describe("the settings of a WebSocket transport", () => {
  it.each(["http://h", "ws://u:p@h", "ws://h?token=t", "h"])("refuse the address '%s'", (url) => {
    expect(() => createWebSocketTransport({ url, WebSocket: NodeWebSocket })).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS" }),
    );
  });

  it("need a class", () => {
    const make = () => createWebSocketTransport({ url: "ws://h", WebSocket: undefined as never });
    expect(make).toThrow(expect.objectContaining({ code: "NO_TRANSPORT" }));
  });
});
